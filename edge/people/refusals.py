"""Why an enrolment ends without a template, for the clerk who has to do something about it. `{…}` is filled in."""

from edge.screen.words import Words

GIVEN_UP = Words("बीच में छोड़ दिया गया", "given up")
SENSOR_GONE = Words("सेंसर अब नहीं मिल रहा", "the sensor is gone")
NO_FINGER_CAME = Words("समय पर उँगली नहीं रखी गई", "no finger came in time")
NO_FACE_CAME = Words("समय पर दर्ज करने लायक चेहरा सामने नहीं आया", "no face that can be enrolled came in time")
NO_SENSOR = Words(
    "उँगली दर्ज नहीं हो सकती: मशीन में अभी सेंसर नहीं है", "no finger can be enrolled: the terminal has no sensor just now"
)
NO_CAMERA = Words(
    "चेहरा दर्ज नहीं हो सकता: मशीन में कैमरा या चेहरे के नेटवर्क नहीं हैं",
    "no face can be enrolled: the terminal has no camera, or no networks of faces",
)
NO_ROSTER = Words(
    "लोगों की सूची नहीं पढ़ी जा सकी, इसलिए अभी कोई दर्ज नहीं हो सकता: {error}",
    "the roster cannot be read, so nobody can be enrolled now: {error}",
)
NOT_ON_ROSTER = Words(
    "यह व्यक्ति इस मशीन की सूची में नहीं है; लोग केंद्र पर जोड़े जाते हैं",
    "this person is not on the terminal's roster; people are added at the aggregator",
)
OTHERS_FINGER = Words(
    "इन्हीं अंकों वाले किसी और की यह उँगली पहले से दर्ज है; क्या यह सही व्यक्ति है?",
    "somebody with the same digits has this finger already; is it the right person?",
)
OTHERS_FACE = Words(
    "इन्हीं अंकों वाले किसी और का यह चेहरा पहले से दर्ज है; क्या यह सही व्यक्ति है?",
    "somebody with the same digits has this face already; is it the right person?",
)
OWN_FINGER = Words("यह उँगली पहले से दर्ज है: {finger}", "this finger is enrolled already, as {finger}")
NONE_AGREE = Words(
    "{tries} बार में मेल खाती तस्वीरें नहीं मिलीं; दूसरी उँगली से कोशिश करें",
    "no impressions that agree in {tries} tries; try another finger",
)
NONE_AGREE_ON_MODULE = Words(
    "सेंसर को {tries} बार में मेल खाते स्पर्श नहीं मिले; दूसरी उँगली से कोशिश करें",
    "the module finds no touches that agree in {tries} tries; try another finger",
)
NO_FACES_AGREE = Words(
    "{frames} तस्वीरों में से तीन में एक ही चेहरा नहीं मिला; क्या कैमरे के सामने एक ही व्यक्ति है?",
    "no three of {frames} frames show the same face; is one person alone before the camera?",
)
DID_NOT_TURN = Words(
    "चेहरे ने वह नहीं किया जो कहा गया था; फिर से शुरू करें", "the face did not do what was asked ({why}); start again"
)
NOTHING_ASKED = Words("कोई उँगली नहीं बताई गई", "no finger was asked for")
NOT_RECORDED = Words("लिखा नहीं गया: {error}", "not recorded: {error}")
DISK_FULL = Words(
    "लिखा नहीं गया: डिस्क मना कर रही है; जगह बनाएँ और फिर से दर्ज करें",
    "not recorded: the disk refuses; free some space and enrol again",
)
NOT_SEALED = Words(
    "लिखा नहीं गया: सील नहीं हो सका ({error}); क्या मशीन का प्रवेश-पत्र सही है?",
    "not recorded: it cannot be sealed ({error}); is the admission right?",
)
BEFORE_THAT = Words("{why} (इससे पहले दर्ज: {fingers})", "{why} (enrolled before that: {fingers})")
