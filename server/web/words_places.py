"""The words of a place's page and of the map: each with its English and its Hindi."""

# name: English, Hindi
PLACES = {
    "map_hint": (
        "Each circle is a place; the number leads to its name in the list.",
        "हर गोला एक जगह है; अंक सूची में उसका नाम बताता है।",
    ),
    "map_behind": ("With a drawn map behind it", "पीछे बना हुआ नक्शा दिखाएँ"),
    "map_alone": ("Without the drawn map", "बने हुए नक्शे के बिना"),
    "marked": ("Has everything come?", "क्या सब आ गया?"),
    "past_close": (
        "{n} of {of} terminals have reported past {time} of {day}",
        "{of} में से {n} टर्मिनल {day} {time} के बाद तक का सब भेज चुके हैं",
    ),
    "not_yet": ("Not yet:", "बाकी:"),
}
