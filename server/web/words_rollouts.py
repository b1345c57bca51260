"""The words of the page about releases: each with its English and its Hindi."""

# name: English, Hindi
ROLLOUTS = {
    "rollouts": ("Releases", "सॉफ़्टवेयर"),
    "rollouts_hint": (
        "A release goes to 1 %, then 10 %, then all terminals of a district; where it does harm it is halted.",
        "नया सॉफ़्टवेयर ज़िले के पहले 1 %, फिर 10 %, फिर सब टर्मिनलों पर जाता है; नुक़सान दिखे तो अपने-आप रुक जाता है।",
    ),
    "no_rollouts": ("Nothing is rolled out.", "अभी कोई नया सॉफ़्टवेयर नहीं भेजा जा रहा।"),
    "rollouts_damaged": ("This cannot be read; see the server's log.", "यह पढ़ा नहीं जा सका; सर्वर का लॉग देखें।"),
    "release": ("Release", "संस्करण"), "ring": ("Ring", "चरण"), "since_when": ("Since", "कब से"),
    "run_it": ("Run it", "इसे चला रहे हैं"), "run_it_ill": ("Of these, ill", "इनमें ख़राब"),
    "running_of": ("{running} of {heard} heard of; {members} in the ring",
                   "सूचना देने वाले {heard} में से {running}; चरण में {members}"),
    "goes_on": ("at the earliest on:", "आगे, जल्द से जल्द:"), "looked_at": ("Looked at", "जाँच"),
    "halted_why": ("Why", "कारण"), "rollout_rolling": ("under way", "जारी"),
    "rollout_done": ("done", "पूरा"), "rollout_halted": ("halted", "रोका गया"),
}  # fmt: skip
