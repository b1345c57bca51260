"""What the pages of a set-up say, in Hindi and English."""

from edge.screen.words import Words

SENSORS = Words("सेंसर", "Sensors")
NETWORK = Words("नेटवर्क और मोडेम", "Network and modem")
CLOCK = Words("घड़ी", "Clock")
SERVER = Words("सर्वर", "Server")
CLAIM = Words("स्वीकृति", "Claim")
ENROL = Words("नामांकन", "Enrol")
SELFTEST = Words("स्व-परीक्षण", "Self-test")
LOGS = Words("लॉग", "Logs")
CARD = Words("पुराना कार्ड", "Old card")

NOW = Words("अब क्या करें", "What now")
GO = Words("शुरू करें", "Go")
KEYS = Words("↑↓ चुनें  g शुरू  l English  q बाहर", "↑↓ choose  g go  l हिन्दी  q quit")

NOW_SENSORS = Words(
    "उँगली सेंसर पर रखें। 60 से ऊपर अच्छा है। काला या टेढ़ा चित्र: शीशा पोंछें, तार दबाएँ।",
    "Place a finger on the sensor. Above 60 is good. A black or slanted picture: wipe the glass, press the plug in.",
)
NOW_NETWORK = Words(
    "केबल की बत्ती देखें। वाई-फ़ाई: मशीन को खिड़की या राउटर के पास लाएँ। सिम: धातु से दूर रखें।",
    "Look for the light at the cable. Wi-Fi: move nearer to the router. SIM: keep it away from metal.",
)
NOW_CLOCK = Words(
    "फ़ोन की घड़ी से मिलाएँ। ग़लत हो तो पहले नेटवर्क जोड़ें: घड़ी अपने आप ठीक होगी।",
    "Compare with your phone. If it is wrong, connect the network first: it sets itself.",
)
NOW_SERVER = Words(
    "लाल पंक्ति कार्यालय को फ़ोन पर पढ़कर सुनाएँ; उसमें कारण लिखा है।",
    "Read the red line to the office on the phone; it says why.",
)
NOW_CLAIM = Words(
    "hazri.toml वाली स्टिक लगाएँ और शुरू करें; फिर कार्यालय से स्वीकृति के लिए कहें।",
    "Put in the stick with hazri.toml and press Go; then ask the office to approve it.",
)
NOW_ENROL = Words(
    "कार्यालय के पन्ने से व्यक्ति का 16 अक्षरों का संकेत लिखें। उँगली तीन बार रखवाएँ।",
    "Type the person's reference (16 characters) from the office's page. The finger is placed three times.",
)
NOW_SELFTEST = Words(
    "हर उपकरण बारी-बारी से माँगेगा: उँगली रखें, कैमरे में देखें, एक बटन दबाएँ।",
    "Each device asks in turn: place a finger, look into the camera, press a key.",
)
NOW_LOGS = Words(
    "फ़ाइल स्टिक पर जाती है; उसमें किसी का नाम, अंक या उँगली नहीं। उसे कार्यालय भेजें।",
    "The file goes on the stick; no name, digit or finger is in it. Send it to the office.",
)
NOW_CARD = Words(
    "मृत मशीन का कार्ड सर्वर वाली मेज़ पर लगाएँ; उसकी बची हुई हाज़िरी यहाँ से पढ़ी जाती है।",
    "Put the dead machine's card in at the server's bench; the punches left on it are read from here.",
)

NO_SENSOR = Words("सेटिंग में कोई उँगली सेंसर नहीं", "The settings name no finger sensor")
NO_SENSOR_NOW = Words(
    "edge.toml में [[sensors]] जोड़ें; मिले हुए उपकरण ऊपर हैं", "Add [[sensors]] to edge.toml; what is plugged in is above"
)
HELD = Words("टर्मिनल चल रहा है और सेंसर उसके पास हैं", "The terminal is running and holds the sensors")
HELD_NOW = Words(
    "चित्र के लिए उसे रोकें: systemctl stop hazri-terminal; या स्व-परीक्षण चलाएँ",
    "For pictures stop it: systemctl stop hazri-terminal; or run the self-test",
)
PLUGGED = Words("लगा है: {what}", "Plugged in: {what}")
OPENED = Words("{device}: मिला {about}", "{device}: found {about}")
LOST = Words("{device}: {why}", "{device}: {why}")
LOST_NOW = Words("तार और बिजली देखें, फिर दोबारा", "See to the cable and the power, then again")
QUALITY = Words("गुणवत्ता {score}/100", "Quality {score}/100")
UNJUDGED = Words("चित्र मिला; मॉडल के बिना परखा नहीं", "A picture came; without the models it is not judged")
SLOW = Words("{baud} baud: एक चित्र {image_s} सेकंड लेता है", "{baud} baud: a picture takes {image_s} s")
SLOW_NOW = Words("तेज़ करें: hazri-edge sensors --set-baud 115200", "Make it faster: hazri-edge sensors --set-baud 115200")
RATE = Words("एक चित्र {took_s} सेकंड में", "A picture in {took_s} s")
UNTOUCHED = Words("किसी ने सेंसर नहीं छुआ", "Nobody touched the sensor")
UNTOUCHED_NOW = Words("दोबारा शुरू करें और उँगली रखें", "Begin again, and place a finger")

LINK = Words("नेटवर्क: {kind}", "Network: {kind}")
NO_LINK = Words("कोई नेटवर्क नहीं", "No network")
NO_LINK_NOW = Words("केबल, वाई-फ़ाई का पासवर्ड या सिम देखें", "See to the cable, the Wi-Fi password or the SIM")
PORTAL = Words("नेटवर्क के आगे लॉगिन पेज है", "A login page stands before the network")
PORTAL_NOW = Words(
    "इस जगह के नेटवर्क वाले से मशीन को खुला रास्ता दिलवाएँ", "Ask whoever runs this network to let the machine through"
)
SIGNAL = Words("सिग्नल {percent} %, {operator}", "Signal {percent} %, {operator}")
WEAK_NOW = Words("एंटीना या मशीन को ऊँचा, खिड़की के पास रखें", "Move the antenna or the machine higher, or to a window")
METERED = Words("हर मेगाबाइट का पैसा लगता है", "Every megabyte is paid for")

SHOWN = Words("यहाँ का समय {time}", "The time here is {time}")
SET_BY = Words("घड़ी मिलाई: {source}, {bound} के भीतर", "Set by {source}, right within {bound}")
UNSET = Words("घड़ी किसी ने नहीं मिलाई", "Nobody has set the clock")
UNSET_NOW = Words(
    "हाज़िरी चलती रहेगी और समय बाद में ठीक होगा; नेटवर्क जोड़ें", "Punches go on and are dated later; connect the network"
)
FAR = Words("घड़ी बहुत पीछे है", "The clock is far behind")

REACHED = Words("{where} तक पहुँच है", "{where} is reached")
REACHED_BY_SYNC = Words("जुड़ा हुआ: sync चल रहा है", "Connected: sync is running")
UNREACHED = Words("{where}: {why}", "{where}: {why}")
UNKNOWN_SERVER = Words("सर्वर का पता अभी नहीं मालूम", "It is not known yet where the server is")
UNKNOWN_SERVER_NOW = Words("पहले स्वीकृति: hazri.toml वाली स्टिक लगाएँ", "Claim first: put in the stick with hazri.toml")
CALL = Words("यह पंक्ति कार्यालय को सुनाएँ", "Read this line to the office")

FILE = Words("hazri.toml कहाँ है", "Where hazri.toml is")
ADMITTED = Words("{terminal} स्वीकृत है", "{terminal} is admitted")
ADMITTED_NOW = Words(
    "टर्मिनल शुरू करें: systemctl start hazri-terminal hazri-sync", "Start it: systemctl start hazri-terminal hazri-sync"
)
APPROVAL = Words("{terminal}: स्वीकृति की प्रतीक्षा है", "{terminal}: waits for approval")
APPROVAL_NOW = Words(
    "कार्यालय को फ़ोन करें: डैशबोर्ड, मशीनें, स्वीकृति में {terminal}", "Call the office: dashboard, fleet, claims, {terminal}"
)
REFUSED = Words("स्वीकृत नहीं: {why}", "Not admitted: {why}")

PERSON = Words("व्यक्ति का संकेत", "The person's reference")
FINGERS = Words("उँगलियाँ", "Fingers")
NOT_RUNNING = Words("टर्मिनल नहीं चल रहा", "The terminal is not running")
NOT_RUNNING_NOW = Words("उसे शुरू करें: systemctl start hazri-terminal", "Start it: systemctl start hazri-terminal")
ENROLLED = Words("नामांकन हो गया: {fingers}", "Enrolled: {fingers}")
NOT_ENROLLED = Words("नामांकन नहीं हुआ: {why}", "Not enrolled: {why}")
AGAIN_NOW = Words("दूसरी उँगली से दोबारा", "Again, with another finger")

OUT = Words("फ़ाइल कहाँ जाए", "Where the file goes")
WRITTEN = Words("{file} लिखी गई", "{file} is written")
SEND_NOW = Words("स्टिक निकालकर फ़ाइल कार्यालय भेजें", "Take the stick out and send the file to the office")
FAILED = Words("नहीं हुआ: {why}", "Not done: {why}")

PLACE = Words("कार्ड कहाँ लगा है", "Where the card is mounted")
NO_SERVER_HERE = Words("इस मशीन पर hazri-server नहीं है", "There is no hazri-server on this machine")
NO_SERVER_NOW = Words(
    "कार्ड कार्यालय ले जाएँ: hazri-server import --card {card}",
    "Take the card to the office: hazri-server import --card {card}",
)
NO_CARD = Words("{card}: यहाँ कोई punches.db नहीं", "{card}: no punches.db here")
NO_CARD_NOW = Words("कार्ड का var/lib/hazri फ़ोल्डर बताएँ", "Name the card's folder var/lib/hazri")
READ = Words("कार्ड पढ़ लिया गया", "The card was read")
READ_NOW = Words("नई मशीन को वही पहचान दें: स्वीकृति", "Give the new machine the same id: claim")
