"""The words of the pages of people, side by side in English and Hindi: one row each, so neither can be forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.returns.words import MONTHS
from server.web import words_attendance
from server.web.words import filled

# Names with a dot are looked up by `of`: the group, then the code that the ledger holds.
WORDS: dict[str, tuple[str, str]] = {
    # the desk
    "desk": ("My desk", "मेरा काम"),
    "desk_hint": ("Everything your roles let you do.", "आपकी भूमिकाओं में जो भी काम आते हैं।"),
    "desk_none": ("You hold no role yet.", "अभी आपके पास कोई भूमिका नहीं है।"),
    "waiting": ("{n} waiting", "{n} प्रतीक्षा में"),
    # registration
    "register_title": ("Register for attendance", "उपस्थिति के लिए पंजीकरण"),
    "register_org": ("Choose your organisation", "अपना संगठन चुनें"),
    "register_office": ("Where do you work?", "आप कहाँ काम करते हैं?"),
    "register_office_hint": (
        "Go down to your own office, or search for its name.",
        "अपने कार्यालय तक जाएँ, या उसका नाम खोजें।",
    ),
    "register_here": ("I work here", "मैं यहाँ काम करता/करती हूँ"),
    "search": ("Search", "खोजें"),
    "search_office": ("Name or code of the office", "कार्यालय का नाम या कोड"),
    "nothing_found": ("Nothing found.", "कुछ नहीं मिला।"),
    "top": ("Top", "शुरू"),
    "page_back": ("Back", "पीछे"),
    "page_on": ("Next", "आगे"),
    "fill_in": (
        "Fill in every field as on your Aadhaar card and your service record.",
        "हर खाना आधार कार्ड और सेवा अभिलेख के अनुसार भरें।",
    ),
    "something_wrong": ("Please mend this:", "कृपया यह ठीक करें:"),
    "name": ("Name", "नाम"),
    "name_hint": ("As on the Aadhaar card", "जैसा आधार कार्ड पर है"),
    "born_on": ("Date of birth", "जन्म तिथि"),
    "born_hint": ("DD-MM-YYYY, as 05-11-1984", "दिन-माह-वर्ष, जैसे 05-11-1984"),
    "gender": ("Gender", "लिंग"),
    "aadhaar": ("Aadhaar number", "आधार संख्या"),
    "aadhaar_hint": (
        "Twelve digits. Kept encrypted and apart; nobody sees it without a reason on record.",
        "बारह अंक। अलग और कूटबद्ध रखी जाती है; बिना दर्ज कारण के कोई नहीं देख सकता।",
    ),
    "email": ("E-mail", "ई-मेल"),
    "mobile": ("Mobile number", "मोबाइल नंबर"),
    "mobile_hint": ("Ten digits, without 0 or +91", "दस अंक, 0 या +91 के बिना"),
    "employee_type": ("Type of employee", "कर्मचारी का प्रकार"),
    "division": ("Division or unit", "प्रभाग या इकाई"),
    "designation": ("Designation", "पदनाम"),
    "designation_hint": ("Only for government employees", "केवल सरकारी कर्मचारियों के लिए"),
    "office": ("Office", "कार्यालय"),
    "change": ("Change", "बदलें"),
    "photo": ("Photograph", "फ़ोटो"),
    "photo_hint": ("A recent picture, .jpg, at most 100 KB", "हाल की तस्वीर, .jpg, अधिकतम 100 KB"),
    "photo_kept": (
        "Your photograph is kept. Choose another only to replace it.",
        "आपकी फ़ोटो रख ली गई है। बदलनी हो तभी दूसरी चुनें।",
    ),
    "photo_size": ("JPEG, {n} KB", "JPEG, {n} KB"),
    "choose": ("Choose …", "चुनें …"),
    "none": ("None", "कोई नहीं"),
    "not_listed": ("Not in the list? Ask {who}.", "सूची में नहीं है? इनसे पूछें: {who}।"),
    "agree": (
        (
            "I agree that my name, number, photograph and biometrics are used for my attendance alone. "
            "I can take this back at any time."
        ),
        (
            "मैं सहमत हूँ कि मेरा नाम, संख्या, फ़ोटो और बायोमेट्रिक केवल मेरी उपस्थिति के लिए उपयोग हों। "
            "यह सहमति मैं कभी भी वापस ले सकता/सकती हूँ।"
        ),
    ),
    "agree_missing": (
        "Without your consent you cannot be registered: tick the box.",
        "सहमति के बिना पंजीकरण नहीं हो सकता: खाने में निशान लगाएँ।",
    ),
    "answer_wrong": (
        "The answer was not right, or too late: answer the new question.",
        "उत्तर सही नहीं था, या देर से आया: नए प्रश्न का उत्तर दें।",
    ),
    "wait": ("Too many tries. Wait {n} minutes.", "बहुत कोशिशें हुईं। {n} मिनट रुकें।"),
    "review": ("Review", "जाँचें"),
    "review_title": ("Is everything right?", "क्या सब सही है?"),
    "review_hint": (
        "What is wrong here is rejected, and you would have to register again.",
        "ग़लत जानकारी अस्वीकार होगी और फिर से पंजीकरण करना होगा।",
    ),
    "send": ("Send the registration", "पंजीकरण भेजें"),
    "back_change": ("Go back and change", "वापस जाकर बदलें"),
    "draft_over": ("That took more than an hour. Please fill in again.", "एक घंटे से अधिक हो गया। कृपया फिर भरें।"),
    "registered": ("You are registered", "आपका पंजीकरण हो गया"),
    "registered_id": ("Your registration id", "आपकी पंजीकरण आईडी"),
    "registered_next": (
        ("It was sent to you by e-mail and SMS. Your nodal officer checks it; you can mark attendance after that."),
        "यह आपको ई-मेल और SMS से भेज दी गई है। नोडल अधिकारी जाँचेंगे; उसके बाद आप उपस्थिति लगा सकेंगे।",
    ),
    "registered_twice": (
        "This registration was sent already; its id came by e-mail and SMS.",
        "यह पंजीकरण पहले ही भेजा जा चुका है; उसकी आईडी ई-मेल और SMS से आई है।",
    ),
    "made_anew_for": (
        "Made anew for the rejected registration {id}",
        "अस्वीकृत पंजीकरण {id} के स्थान पर",
    ),
    "made_anew_as": ("Made anew as {id}", "{id} के रूप में फिर किया गया"),
    "make_anew": ("Register again in its place", "इसके स्थान पर फिर पंजीकरण करें"),
    # queue
    "queue": ("Registrations", "पंजीकरण"),
    "queue_hint": (
        "Check each against the papers; whoever is not verified cannot punch.",
        "हर एक को काग़ज़ों से मिलाएँ; बिना सत्यापन कोई उपस्थिति नहीं लगा सकता।",
    ),
    "queue_empty": ("Nothing here.", "यहाँ कुछ नहीं है।"),
    "registration": ("Registration", "पंजीकरण"),
    "submitted": ("Submitted", "जमा हुआ"),
    "decided": ("Decided", "निर्णय"),
    "more": ("More", "और"),
    "number_kept": ("Kept in the vault", "तिजोरी में सुरक्षित"),
    "number_none": ("None given", "नहीं दी गई"),
    "number_show": ("Show the number", "संख्या दिखाएँ"),
    "number_why": ("Why you read it", "पढ़ने का कारण"),
    "number_note": (
        "Shown once. That you read it, and why, is on record.",
        "एक ही बार दिखाई जाती है। आपने पढ़ा और क्यों, यह दर्ज है।",
    ),
    "verify": ("Everything is right: verify", "सब सही है: सत्यापित करें"),
    "reject": ("Reject", "अस्वीकार करें"),
    "reject_reason": ("What is wrong (it is sent to the applicant)", "क्या ग़लत है (आवेदक को भेजा जाएगा)"),
    "reason": ("Reason", "कारण"),
    "verified_done": (
        "Verified: the person is on the rosters, and was written to.",
        "सत्यापित: व्यक्ति सूची में है, और सूचित कर दिया गया है।",
    ),
    "rejected_done": ("Rejected: {why}", "अस्वीकृत: {why}"),
    "to_person": ("The person's page", "व्यक्ति का पन्ना"),
    "reg_state.submitted": ("Waiting", "प्रतीक्षा में"),
    "reg_state.rejected": ("Rejected", "अस्वीकृत"),
    "reg_state.verified": ("Verified", "सत्यापित"),
    "kind.government": ("Government", "सरकारी"),
    "kind.contractual": ("Contractual", "संविदा"),
    "kind.outsourced": ("Outsourced", "बाह्य स्रोत"),
    "kind.guest": ("Guest", "अतिथि"),
    "gender.female": ("Female", "महिला"),
    "gender.male": ("Male", "पुरुष"),
    "gender.transgender": ("Transgender", "ट्रांसजेंडर"),
    # offices
    "offices": ("Offices", "कार्यालय"),
    "offices_hint": (
        "Opened, moved, upgraded, merged and closed by dated events; the history stays.",
        "दिनांकित घटनाओं से खुलते, बदलते, मिलते और बंद होते हैं; इतिहास बना रहता है।",
    ),
    "office_open": ("Open an office", "कार्यालय खोलें"),
    "office_above": ("Under the office", "किस कार्यालय के अधीन"),
    "office_now": ("As it is today", "आज की स्थिति"),
    "office_history": ("What happened", "इतिहास"),
    "office_event_new": ("Write down an event", "घटना दर्ज करें"),
    "office_event_choose": ("Choose what happens to the office.", "चुनें कि कार्यालय में क्या होता है।"),
    "office_code_hint": ("The code of the office, as s12", "कार्यालय का कोड, जैसे s12"),
    "posts_filled": ("{n} sanctioned, {there} posted", "{n} स्वीकृत, {there} पदस्थ"),
    "stranded": (
        "{n} terminals hang in closed offices: move or retire them.",
        "{n} मशीनें बंद कार्यालयों में हैं: उन्हें हटाएँ या सेवामुक्त करें।",
    ),
    "org": ("Organisation", "संगठन"),
    "code_": ("Code", "कोड"),
    "code_hint": ("1 to 24 of a–z, 0–9 and -; it does not change later", "a–z, 0–9 और - में से 1 से 24; बाद में नहीं बदलता"),
    "level": ("Level", "स्तर"),
    "name_en": ("Name in English", "अंग्रेज़ी में नाम"),
    "name_hi": ("Name in Hindi", "हिन्दी में नाम"),
    "grade": ("Grade", "श्रेणी"),
    "urban": ("Urban or rural", "शहरी या ग्रामीण"),
    "urban_yes": ("Urban", "शहरी"),
    "urban_no": ("Rural", "ग्रामीण"),
    "block": ("City or block", "नगर या खंड"),
    "latitude": ("Latitude", "अक्षांश"),
    "longitude": ("Longitude", "देशांतर"),
    "degrees_hint": ("Degrees, as 29.96", "अंश, जैसे 29.96"),
    "desk_phone": ("Desk telephone", "कार्यालय का फ़ोन"),
    "effective_on": ("Takes effect on", "किस दिन से लागू"),
    "order_no": ("Order number", "आदेश संख्या"),
    "write_down": ("Write it down", "दर्ज करें"),
    "level.state": ("State", "राज्य"),
    "level.district": ("District", "ज़िला"),
    "level.zone": ("Zone", "क्षेत्र"),
    "level.office": ("Office or school", "कार्यालय या विद्यालय"),
    "grade.office": ("Office", "कार्यालय"),
    "grade.primary": ("Primary school", "प्राथमिक विद्यालय"),
    "grade.middle": ("Middle school", "माध्यमिक विद्यालय"),
    "grade.high": ("High school", "उच्च विद्यालय"),
    "grade.senior_secondary": ("Senior secondary school", "वरिष्ठ माध्यमिक विद्यालय"),
    "life.mapped": ("Mapped", "चिह्नित"),
    "life.trial": ("On trial", "परीक्षण"),
    "life.live": ("Live", "चालू"),
    "life.closed": ("Closed", "बंद"),
    "office_event.open": ("Opened", "खुला"),
    "office_event.describe": ("Description", "विवरण"),
    "office_event.rename": ("New name", "नया नाम"),
    "office_event.move": ("Moved", "स्थानांतरण"),
    "office_event.upgrade": ("Upgraded", "उन्नयन"),
    "office_event.streams": ("Streams", "संकाय"),
    "office_event.posts": ("Sanctioned posts", "स्वीकृत पद"),
    "office_event.life": ("Stage", "चरण"),
    "office_event.merge": ("Merged", "विलय"),
    "office_event.close": ("Closed", "बंद"),
    "office_event_hint.describe": (
        "Place and telephone, as the public page shows them.",
        "स्थान और फ़ोन, जैसा सार्वजनिक पन्ने पर दिखता है।",
    ),
    "office_event_hint.rename": ("The old name stays in the history.", "पुराना नाम इतिहास में रहता है।"),
    "office_event_hint.move": ("Everything below it moves with it.", "इसके अधीन सब कुछ साथ जाता है।"),
    "office_event_hint.upgrade": ("As from middle to high school.", "जैसे माध्यमिक से उच्च विद्यालय।"),
    "office_event_hint.streams": ("What is taught there from that day on.", "उस दिन से क्या पढ़ाया जाता है।"),
    "office_event_hint.posts": ("How many posts of one designation are sanctioned.", "एक पदनाम के कितने पद स्वीकृत हैं।"),
    "office_event_hint.life": (
        "Mapped, then on trial (nothing is deducted), then live.",
        "चिह्नित, फिर परीक्षण (कोई कटौती नहीं), फिर चालू।",
    ),
    "office_event_hint.merge": (
        "It ends; its people belong to the other office.",
        "यह समाप्त होता है; इसके लोग दूसरे कार्यालय के होते हैं।",
    ),
    "office_event_hint.open": ("It opens again under the same code.", "यह उसी कोड से फिर खुलता है।"),
    "office_event_hint.close": ("Nobody is expected there any more.", "अब वहाँ किसी की उपस्थिति अपेक्षित नहीं।"),
    "office_field.parent": ("Under the office", "किस कार्यालय के अधीन"),
    "office_field.into": ("Into the office", "किस कार्यालय में"),
    "office_field.latitude": ("Latitude", "अक्षांश"),
    "office_field.longitude": ("Longitude", "देशांतर"),
    "office_field.block": ("City or block", "नगर या खंड"),
    "office_field.desk_phone": ("Desk telephone", "कार्यालय का फ़ोन"),
    "office_field.name": ("Name in English", "अंग्रेज़ी में नाम"),
    "office_field.name_hi": ("Name in Hindi", "हिन्दी में नाम"),
    "office_field.posts": ("Number of posts", "पदों की संख्या"),
    "office_field.streams": ("Streams", "संकाय"),
    "office_field_hint.posts": ("From 0 to 10,000", "0 से 10,000 तक"),
    "office_field_hint.streams": ("With commas between: science, commerce", "बीच में अल्पविराम: science, commerce"),
    # closed lists
    "masters": ("Lists", "सूचियाँ"),
    "masters_hint": (
        "Applicants choose from these alone; nothing is written freely.",
        "आवेदक केवल इन्हीं में से चुनते हैं; कुछ भी मनमाना नहीं लिखा जाता।",
    ),
    "masters_whole": (
        "Whoever looks after the whole organisation keeps these.",
        "इन्हें वही रखता है जो पूरे संगठन की देखभाल करता है।",
    ),
    "master.divisions": ("Divisions", "प्रभाग"),
    "master.designations": ("Designations", "पदनाम"),
    "master.locations": ("Places of terminals", "मशीनों के स्थान"),
    "master.settings": ("Nodal officer and region", "नोडल अधिकारी और क्षेत्र"),
    "master_put.divisions": ("Add or change a division", "प्रभाग जोड़ें या बदलें"),
    "master_put.designations": ("Add or change a designation", "पदनाम जोड़ें या बदलें"),
    "master_put.locations": ("Add or change a place", "स्थान जोड़ें या बदलें"),
    "master_put.settings": ("Nodal officer and region", "नोडल अधिकारी और क्षेत्र"),
    "owners": ("Answerable", "उत्तरदायी"),
    "head": ("Head", "प्रमुख"),
    "officer": ("Branch officer", "शाखा अधिकारी"),
    "owner_hint": ("The reference on the person's page, sixteen characters", "व्यक्ति के पन्ने का संदर्भ, सोलह अक्षर"),
    "register_by": ("Everybody registered by", "सबका पंजीकरण कब तक"),
    "equivalent": ("Equivalent to", "समकक्ष"),
    "equivalent_hint": ("Decides who is senior, and who marks where.", "इससे वरिष्ठता और उपस्थिति का नियम तय होता है।"),
    "pay": ("Pay", "वेतन"),
    "pay_band": ("Pay band", "वेतन बैंड"),
    "grade_pay": ("Grade pay", "ग्रेड वेतन"),
    "teaching": ("Teaching", "शिक्षण"),
    "teaching_hint": (
        "Teaches: may never hold the portal of a district or a zone",
        "पढ़ाते हैं: ज़िले या क्षेत्र का पोर्टल कभी नहीं रख सकते",
    ),
    "in_use": ("In use", "प्रयोग में"),
    "not_in_use": ("Not in use", "प्रयोग में नहीं"),
    "save": ("Save", "सहेजें"),
    "nodal_name": ("Name of the nodal officer", "नोडल अधिकारी का नाम"),
    "nodal_phone": ("Telephone of the nodal officer", "नोडल अधिकारी का फ़ोन"),
    "nodal_email": ("E-mail of the nodal officer", "नोडल अधिकारी का ई-मेल"),
    "nodal_mobile": ("Mobile number of the nodal officer", "नोडल अधिकारी का मोबाइल"),
    "region": ("Templates travel within", "टेम्पलेट कहाँ तक पहुँचते हैं"),
    "region_hint": (
        "On which terminals a person is known: their office, zone, district or the state",
        "व्यक्ति किन मशीनों पर जाना जाता है: कार्यालय, क्षेत्र, ज़िला या राज्य",
    ),
    "vault_reads": ("Who read Aadhaar numbers", "आधार नंबर किसने पढ़े"),
    "vault_reads_hint": (
        "Every opening of a number stays on record with its reason, also of those who were erased.",
        "नंबर का हर पठन कारण सहित दर्ज रहता है, मिटाए गए लोगों का भी।",
    ),
    "vault_reads_none": ("No number was read.", "कोई नंबर नहीं पढ़ा गया।"),
    "vault_read.when": ("When", "कब"),
    "vault_read.who": ("Who", "किसने"),
    "vault_read.registration": ("Registration", "पंजीकरण"),
    "vault_read.why": ("Why", "क्यों"),
    "account_find": ("Name or log-in name", "नाम या लॉगिन नाम"),
    "list_cut": ("The first {n}; search by name for others.", "पहले {n}; बाकी को नाम से खोजें।"),
    # service
    "service": ("Orders of service", "सेवा आदेश"),
    "service_hint": (
        "Enter an order before it is issued, by your own login.",
        "आदेश जारी होने से पहले, अपने ही लॉगिन से दर्ज करें।",
    ),
    "standing": ("Standing", "स्थिति"),
    "show": ("Show", "दिखाएँ"),
    "show_all": ("Show all", "सब दिखाएँ"),
    "month": ("Month", "माह"),
    "order": ("Order", "आदेश"),
    "orders": ("Orders", "आदेश"),
    "orders_hint": (
        "Nothing is ever taken out: a mistake is cancelled by another order.",
        "कुछ हटाया नहीं जाता: भूल दूसरे आदेश से रद्द होती है।",
    ),
    "orders_last": ("Entered last", "हाल में दर्ज"),
    "orders_none": ("No orders.", "कोई आदेश नहीं।"),
    "order_new": ("Enter an order", "आदेश दर्ज करें"),
    "order_done": ("The order is in the ledger and does what it says.", "आदेश दर्ज हो गया और लागू है।"),
    "order_late": (
        "The order had been issued before it was entered; it is listed in the monthly return.",
        "आदेश दर्ज होने से पहले जारी हो चुका था; यह मासिक विवरणी में आएगा।",
    ),
    "ordered_on": ("Date of the order", "आदेश की तिथि"),
    "issued_at": ("Issued on, at", "जारी होने का दिन और समय"),
    "issued_hint": (
        "An order entered after this moment is flagged as back-entered.",
        'इस समय के बाद दर्ज आदेश पर "बाद में दर्ज" लिखा जाता है।',
    ),
    "recorded": ("Entered", "दर्ज"),
    "entered_by": ("Entered by", "किसने दर्ज किया"),
    "back_entered": ("Back-entered", "बाद में दर्ज"),
    "at_console": ("At the console, not by the issuer's login", "कंसोल पर दर्ज, जारीकर्ता के लॉगिन से नहीं"),
    "out_of_rule": ("Out of rule", "नियम से हटकर"),
    "irregular.late": ("Entered after it was issued", "जारी होने के बाद दर्ज"),
    "irregular.console": ("At the console, not by the issuer's login", "कंसोल पर दर्ज, जारीकर्ता के लॉगिन से नहीं"),
    "from_office": ("From the office", "किस कार्यालय से"),
    "to_office": ("To the office", "किस कार्यालय को"),
    "branch": ("Issued by the branch", "जारी करने वाली शाखा"),
    "branch_hint": ("Its head and officer answer for it together.", "उसके प्रमुख और अधिकारी साथ में उत्तरदायी हैं।"),
    "history": ("Postings", "पदस्थापन"),
    "from_day": ("From, to", "कब से, कब तक"),
    "nowhere": ("nowhere", "कहीं नहीं"),
    "not_expected": ("not expected", "अपेक्षित नहीं"),
    "not_counted": ("not counted", "गिना नहीं जाता"),
    "cancel": ("Cancel it", "रद्द करें"),
    "cancelled": ("Cancellation", "रद्दीकरण"),
    "cancel_order": ("Number of the order that cancels it", "रद्द करने वाले आदेश की संख्या"),
    "effect": ("What it does", "इसका प्रभाव"),
    "go_on": ("Go on", "आगे"),
    "late_title": ("Orders out of rule", "नियम से हटकर दर्ज आदेश"),
    "late_none": (
        "No order of this month was entered late or at the console.",
        "इस माह कोई आदेश बाद में या कंसोल पर दर्ज नहीं हुआ।",
    ),
    "late.why": ("Why it is listed", "सूची में क्यों"),
    "late.name": ("Name", "नाम"),
    "late.kind": ("Order", "आदेश"),
    "late.order_no": ("Order number", "आदेश संख्या"),
    "late.ordered_on": ("Date of the order", "आदेश की तिथि"),
    "late.issued": ("Issued", "जारी"),
    "late.recorded": ("Entered", "दर्ज"),
    "late.branch": ("Branch", "शाखा"),
    "late.by": ("Entered by", "किसने दर्ज किया"),
    "order.vrs": ("Voluntary retirement (VRS)", "स्वैच्छिक सेवानिवृत्ति"),
    "order.resignation": ("Resignation", "त्यागपत्र"),
    "order.termination": ("Termination", "सेवा समाप्ति"),
    "order.dismissal": ("Dismissal", "पदच्युति"),
    "order.suspension": ("Suspension", "निलंबन"),
    "order.appointment": ("Appointment", "नियुक्ति"),
    "order.return_to_service": ("Return to service", "सेवा में वापसी"),
    "order.reinstatement": ("Reinstatement", "बहाली"),
    "order.promotion": ("Promotion", "पदोन्नति"),
    "order.reversion": ("Reversion", "पदावनति"),
    "order.transfer": ("Transfer", "स्थानांतरण"),
    "order.posting": ("Posting", "पदस्थापन"),
    "order.stay": ("Court-ordered stay of a posting", "पदस्थापन पर न्यायालय का स्थगन"),
    "order.stay_lifted": ("Stay lifted", "स्थगन हटा"),
    "order.relieving": ("Relieving", "कार्यमुक्ति"),
    "order.joining": ("Joining", "कार्यग्रहण"),
    "order.demise": ("Demise", "निधन"),
    "roster.add": ("Known at the new office from the order on.", "आदेश के दिन से नए कार्यालय की मशीनों पर।"),
    "roster.remove": ("Taken off every terminal.", "सभी मशीनों से हटाया जाता है।"),
    "roster.freeze": (
        "Stays known at the old office until the new terminals have confirmed.",
        "नई मशीनों की पुष्टि तक पुराने कार्यालय में भी।",
    ),
    "roster.restore": ("Known again without enrolling anew.", "दोबारा नामांकन के बिना फिर से।"),
    "roster.keep": ("The terminals stay as they are.", "मशीनों पर कोई बदलाव नहीं।"),
    "roster.wipe": ("Templates are wiped on every terminal.", "सभी मशीनों से टेम्पलेट मिटाए जाते हैं।"),
    "expects.starts": ("Attendance is expected from then on.", "तब से उपस्थिति अपेक्षित।"),
    "expects.moves": ("Attendance is expected at the new office.", "नए कार्यालय में उपस्थिति अपेक्षित।"),
    "expects.pauses": ("Punches are recorded and not counted.", "उपस्थिति दर्ज होती है, गिनी नहीं जाती।"),
    "expects.resumes": ("Attendance is expected again.", "उपस्थिति फिर अपेक्षित।"),
    "expects.ends": ("Attendance is not expected any more.", "उपस्थिति अब अपेक्षित नहीं।"),
    "expects.same": ("What is expected does not change.", "अपेक्षा में बदलाव नहीं।"),
    "portals.keep": ("Roles stay.", "भूमिकाएँ बनी रहती हैं।"),
    "portals.recheck": ("Custody of portals is checked again.", "पोर्टल का प्रभार फिर जाँचा जाता है।"),
    "portals.suspend": ("Roles are suspended.", "भूमिकाएँ निलंबित होती हैं।"),
    "portals.restore": ("Roles come back.", "भूमिकाएँ लौटती हैं।"),
    "portals.end": ("Roles end.", "भूमिकाएँ समाप्त होती हैं।"),
    "service.awaited": ("Awaited", "प्रतीक्षित"),
    "service.serving": ("Serving", "सेवारत"),
    "service.suspended": ("Suspended", "निलंबित"),
    "service.left": ("Left", "सेवा में नहीं"),
    "service.deceased": ("Deceased", "दिवंगत"),
    # people
    "people": ("People and consent", "लोग और सहमति"),
    "person_now": ("As it is today", "आज की स्थिति"),
    "synthetic": ("synthetic", "कृत्रिम"),
    "attendance_id": ("Attendance id", "उपस्थिति आईडी"),
    "basis.last": ("Last six digits of the number", "संख्या के अंतिम छह अंक"),
    "basis.first": ("First six digits of the number", "संख्या के पहले छह अंक"),
    "basis.assigned": ("Assigned", "निर्धारित"),
    "basis.given": ("Given", "दी गई"),
    "fingers": ("Fingers enrolled", "नामांकित उँगलियाँ"),
    "consent": ("Consent", "सहमति"),
    "consent_given": ("given", "दी गई"),
    "consent_taken": ("taken back", "वापस ली गई"),
    "consent_none": ("No consent is on record.", "कोई सहमति दर्ज नहीं है।"),
    "consent_asked": ("asked back", "वापस माँगी गई"),
    "consents_asked": ("Have asked for their consent back", "सहमति वापस माँगने वाले"),
    "consents_asked_hint": (
        "See to how their attendance is recorded from then on, and erase them on their page.",
        "तय करें कि आगे उनकी उपस्थिति कैसे दर्ज होगी, फिर उनके पृष्ठ पर उनका विवरण मिटाएँ।",
    ),
    "my_consent": ("My consent", "मेरी सहमति"),
    "consent_mine": (
        (
            "You agreed that your name, Aadhaar number, photograph and templates of your fingers or face are used for "
            "your attendance alone. You may take that back at any time, and need not say why."
        ),
        (
            "आपने सहमति दी कि आपका नाम, आधार संख्या, फ़ोटो और उँगलियों या चेहरे के टेम्पलेट केवल आपकी उपस्थिति के लिए उपयोग हों। "
            "आप इसे कभी भी वापस ले सकते हैं; कारण बताना ज़रूरी नहीं।"
        ),
    ),
    "consent_back": ("Take my consent back", "मेरी सहमति वापस लें"),
    "consent_back_what": (
        (
            "Your nodal officer sees it at once, settles with you how your attendance is recorded from then on, and "
            "erases you here and at every terminal. Your account ends with it. Punches stay under a reference that "
            "names nobody. Until then you can change your mind."
        ),
        (
            "आपके नोडल अधिकारी इसे तुरंत देखते हैं; वे आपके साथ तय करते हैं कि आगे उपस्थिति कैसे दर्ज होगी, और यहाँ "
            "से तथा हर मशीन से आपका विवरण मिटाते हैं। इसके साथ आपका खाता बंद होता है। उपस्थिति ऐसे संदर्भ में रहती है जो किसी "
            "का नाम नहीं बताता। तब तक आप निर्णय बदल सकते हैं।"
        ),
    ),
    "consent_back_sure": ("I take my consent back.", "मैं अपनी सहमति वापस लेता/लेती हूँ।"),
    "consent_waits": (
        "You asked for your consent back; your nodal officer sees to it. Asked on",
        "आपने सहमति वापस माँगी है; नोडल अधिकारी इस पर कार्रवाई करेंगे। तिथि:",
    ),
    "consent_keep": ("Keep my consent after all", "सहमति बनाए रखें"),
    "erase": ("Take consent back and erase", "सहमति वापस लें और मिटाएँ"),
    "erase_explain": (
        (
            "Number, templates, photograph and addresses are deleted here, and every terminal is ordered to "
            "wipe them and proves it. Punches stay under a reference that names nobody."
        ),
        (
            "संख्या, टेम्पलेट, फ़ोटो और पते यहाँ मिटाए जाते हैं; हर मशीन को मिटाने का आदेश जाता है और वह "
            "प्रमाण देती है। उपस्थिति ऐसे संदर्भ में रहती है जो किसी का नाम नहीं बताता।"
        ),
    ),
    "erase_sure": (
        "The person asked for this, in writing or in their own account. It cannot be undone.",
        "व्यक्ति ने लिखित में या अपने खाते से माँगा है। यह वापस नहीं हो सकता।",
    ),
    "erased_on": ("Erased on", "मिटाया गया"),
    "erased_told": ("Off the roster", "सूची से हटा"),
    "erased_proof": ("Its own proof", "मशीन का प्रमाण"),
    "erased_nowhere": ("No terminal knew this person.", "कोई मशीन इस व्यक्ति को नहीं जानती थी।"),
    "yes": ("Yes", "हाँ"),
    "not_yet": ("Not yet", "अभी नहीं"),
    # import
    "import_title": ("Import registrations", "पंजीकरण आयात"),
    "import_explain": (
        (
            "A CSV or NDJSON file with these headings, and the photographs its rows name. Try it first: "
            "every bad row is listed and nothing is stored."
        ),
        ("इन शीर्षकों वाली CSV या NDJSON फ़ाइल, और उसमें लिखी फ़ोटो फ़ाइलें। पहले जाँचें: हर ग़लत पंक्ति दिखेगी और कुछ जमा नहीं होगा।"),
    ),
    "import_sample": ("Empty file with the headings", "शीर्षकों वाली ख़ाली फ़ाइल"),
    "import_rows": ("File of registrations", "पंजीकरण की फ़ाइल"),
    "import_photos": ("Photographs", "फ़ोटो"),
    "import_photos_hint": ("All of them at once, .jpg, each at most 100 KB", "सब एक साथ, .jpg, हर एक अधिकतम 100 KB"),
    "import_dry": ("Try it", "जाँचें"),
    "import_csv": ("Try it, and save what is wrong as CSV", "जाँचें, और ग़लतियाँ CSV में सहेजें"),
    "import_go": ("Import", "आयात करें"),
    "import_sound": (
        "All {n} rows are right. Choose the files again and import.",
        "सभी {n} पंक्तियाँ सही हैं। फ़ाइलें फिर चुनें और आयात करें।",
    ),
    "import_done": (
        "{n} registrations were taken in and wait for verification.",
        "{n} पंजीकरण लिए गए और सत्यापन की प्रतीक्षा में हैं।",
    ),
    "import_bad": ("{n} things are wrong in {rows} rows", "{rows} पंक्तियों में {n} ग़लतियाँ"),
    "import_nothing": ("Nothing was stored. Mend the rows and try again.", "कुछ जमा नहीं हुआ। पंक्तियाँ ठीक करें और फिर जाँचें।"),
    "import_row": ("Row", "पंक्ति"),
    "import_column": ("Column", "स्तंभ"),
    "import_why": ("What is wrong", "क्या ग़लत है"),
    "import_todo": ("What to do", "क्या करें"),
    "import_cut": ("Only the first {n} are shown.", "केवल पहली {n} दिखाई गई हैं।"),
    # coverage
    "coverage_title": ("Registration coverage", "पंजीकरण की स्थिति"),
    "coverage_below": ("What lies below", "अधीनस्थ कार्यालय"),
    "coverage_own": ("Its own sections", "इसके अपने अनुभाग"),
    "coverage_only": ("Only what is outstanding", "केवल शेष"),
    "coverage_overdue": ("{n} sections are past their date", "{n} अनुभागों की तिथि निकल चुकी है"),
    "coverage.office": ("Office", "कार्यालय"),
    "coverage.division": ("Section", "अनुभाग"),
    "coverage.head": ("Head", "प्रमुख"),
    "coverage.due": ("Due", "अंतिम तिथि"),
    "coverage.posts": ("Sanctioned posts", "स्वीकृत पद"),
    "coverage.registered": ("Registered", "पंजीकृत"),
    "coverage.verified": ("Verified", "सत्यापित"),
    "coverage.enrolled": ("Enrolled", "नामांकित"),
    "coverage.outstanding": ("Outstanding", "शेष"),
    "coverage.overdue": ("Sections past their date", "तिथि निकल चुके अनुभाग"),
    # provisional
    "provisional": ("Provisional punches", "अनंतिम उपस्थिति"),
    "provisional_hint": (
        (
            "Supervised punches of people whom the terminal did not know. Their own next punch confirms "
            "most; the others are yours to decide."
        ),
        (
            "उन लोगों की पर्यवेक्षित उपस्थिति जिन्हें मशीन नहीं जानती थी। अधिकतर उनकी अगली उपस्थिति से "
            "पक्की होती हैं; शेष का निर्णय आपका है।"
        ),
    ),
    "provisional_none": ("Nothing waits for you.", "आपके लिए कुछ प्रतीक्षा में नहीं है।"),
    "provisional.open": ("Waits for their own punch", "उनकी अपनी उपस्थिति की प्रतीक्षा"),
    "provisional.referred": ("Yours to decide", "निर्णय आपका"),
    "supervisor": ("Supervised by", "पर्यवेक्षक"),
    "whose": ("Whose was it?", "किसकी थी?"),
    "nobodys": ("Nobody's: reject it", "किसी की नहीं: अस्वीकार करें"),
    # organisations
    "apply_title": ("Ask to use Hazri", "हाज़िरी के लिए आवेदन"),
    "apply_explain": (
        ("The head of the department signs a request and names a nodal officer, who is sent a one-time password."),
        ("विभाग प्रमुख अनुरोध पर हस्ताक्षर करते हैं और नोडल अधिकारी बताते हैं, जिन्हें एक बार का पासवर्ड भेजा जाता है।"),
    ),
    "apply_letter": ("Signed request", "हस्ताक्षरित अनुरोध"),
    "apply_letter_hint": ("PDF or JPEG, at most 1 MB", "PDF या JPEG, अधिकतम 1 MB"),
    "apply_send": ("Send the request", "अनुरोध भेजें"),
    "application.applied": (
        "The request was received. Enter the one-time password that was sent to the nodal officer.",
        "अनुरोध मिल गया। नोडल अधिकारी को भेजा गया एक बार का पासवर्ड लिखें।",
    ),
    "application.verified": (
        "The address is proved. The administrator decides next.",
        "पता प्रमाणित हो गया। अब प्रशासक निर्णय लेंगे।",
    ),
    "application.approved": (
        "Approved. Your organisation is active under this name:",
        "स्वीकृत। आपका संगठन इस नाम से सक्रिय है:",
    ),
    "application.rejected": (
        "The request was refused; the nodal officer can ask why.",
        "अनुरोध अस्वीकृत हुआ; नोडल अधिकारी कारण पूछ सकते हैं।",
    ),
    "application_state.applied": ("Address not proved", "पता प्रमाणित नहीं"),
    "application_state.verified": ("Address proved", "पता प्रमाणित"),
    "code_wrong": (
        "This is not the password, or it is over: ask for another.",
        "यह पासवर्ड सही नहीं या समाप्त हो गया: दूसरा मँगाएँ।",
    ),
    "code_prove": ("Prove the address", "पता प्रमाणित करें"),
    "code_again_done": ("If none was valid any more, another was sent.", "यदि पहला समाप्त था तो दूसरा भेजा गया।"),
    "orgs_title": ("Organisations", "संगठन"),
    "orgs_waiting": ("Requests", "अनुरोध"),
    "orgs_active": ("Active", "सक्रिय"),
    "slug": ("Short name, for its address", "छोटा नाम, पते के लिए"),
    "approve": ("Approve", "स्वीकार करें"),
    "decide": ("Decide", "निर्णय"),
    "custody": ("Custody register", "प्रभार पंजी"),
    # what the desk says of each page
    "hint.queue": ("Verify or reject who registered", "पंजीकरण सत्यापित या अस्वीकार करें"),
    "hint.import_title": ("Many at once, from a file", "फ़ाइल से एक साथ कई"),
    "hint.people": ("Look somebody up, record that consent was taken back", "किसी को खोजें, सहमति वापसी दर्ज करें"),
    "hint.provisional": ("Say whose a supervised punch was", "बताएँ कि पर्यवेक्षित उपस्थिति किसकी थी"),
    "hint.service": ("Of each person; entered before they are issued", "हर व्यक्ति के; जारी होने से पहले दर्ज"),
    "hint.late_title": (
        "Entered after they had been issued, or not by the login of who issues them",
        "जारी होने के बाद दर्ज, या जारीकर्ता के लॉगिन से नहीं",
    ),
    "hint.offices": ("Open, move, merge or close an office", "कार्यालय खोलें, बदलें, मिलाएँ या बंद करें"),
    "hint.masters": ("Divisions, designations, places of terminals", "प्रभाग, पदनाम, मशीनों के स्थान"),
    "hint.coverage_title": ("Who is registered and enrolled, section by section", "अनुभागवार कौन पंजीकृत और नामांकित है"),
    "hint.custody": ("Who is entrusted with each portal", "हर पोर्टल किसके प्रभार में है"),
    "hint.orgs_title": ("Take organisations in", "संगठनों को शामिल करें"),
    # the employee's corner
    "corner": ("My corner", "मेरा कोना"),
    "my_month": ("My days", "मेरे दिन"),
    "my_requests": ("My requests", "मेरे आवेदन"),
    "my_punches": ("My punches", "मेरी उपस्थिति"),
    "export": ("My data as a file", "मेरा डेटा फ़ाइल में"),
    "receipt": ("Check a receipt", "रसीद जाँचें"),
    "receipt_explain": (
        ("The terminal showed six characters after your punch. Type them to see whether that punch has come here."),
        ("उपस्थिति के बाद मशीन ने छह अक्षर दिखाए थे। उन्हें लिखें और देखें कि वह उपस्थिति यहाँ पहुँची या नहीं।"),
    ),
    "receipt_code": ("Six characters", "छह अक्षर"),
    "receipt_check": ("Check", "जाँचें"),
    "receipt_yes": ("Yes: your punch is stored here.", "हाँ: आपकी उपस्थिति यहाँ जमा है।"),
    "receipt_came": ("came here", "यहाँ पहुँची"),
    "receipt_no": (
        (
            "No punch of yours with this code is here yet. If the terminal has no network it comes "
            "later: nothing is lost."
        ),
        "इस कोड की आपकी उपस्थिति अभी यहाँ नहीं है। मशीन में नेटवर्क न हो तो बाद में आती है: कुछ खोता नहीं।",
    ),
    "receipt_form": (
        "Six letters and digits, as the terminal showed them: type them again.",
        "छह अक्षर और अंक, जैसे मशीन ने दिखाए: फिर लिखें।",
    ),
    "month_before": ("Month before", "पिछला माह"),
    "month_after": ("Next month", "अगला माह"),
    "month_empty": ("Nothing is known of this month yet.", "इस माह का अभी कुछ ज्ञात नहीं।"),
    "late_by": ("{n} min late", "{n} मिनट देर"),
    "late_days": ("Late days", "देर के दिन"),
    "balances": ("Leave left", "शेष अवकाश"),
    "balances_none": ("No leave account is kept here yet.", "यहाँ अभी अवकाश खाता नहीं है।"),
    "days_n": ("{n} days", "{n} दिन"),
    "left_n": ("{n} left", "{n} शेष"),
    "derivation": ("How it came to this", "यह कैसे बना"),
    "said_until": ("Said until", "तब तक कहा गया:"),
    "day_empty": ("Nothing is known of this day.", "इस दिन का कुछ ज्ञात नहीं।"),
    "correction": ("Ask for a correction", "सुधार का आवेदन"),
    "correction_hint": (
        "Your punches stay as they are; the correction stands beside them once your officer agrees.",
        "आपकी उपस्थिति जैसी है वैसी रहती है; अधिकारी की सहमति पर सुधार उसके साथ जुड़ता है।",
    ),
    "correction_what": ("What is to be corrected", "क्या सुधारना है"),
    "at_time": ("Time", "समय"),
    "at_time_hint": ("Where an arrival or departure is to be added", "जहाँ आगमन या प्रस्थान जोड़ना हो"),
    "which_punch": ("Which punch", "कौन-सी उपस्थिति"),
    "ask": ("Ask", "आवेदन करें"),
    "asked": ("Asked", "आवेदन"),
    "asked_none": ("You have asked for nothing.", "आपने कोई आवेदन नहीं किया।"),
    "ask_new": ("Ask for something", "नया आवेदन"),
    "ask_what": ("What for", "किसके लिए"),
    "withdraw": ("Take it back", "वापस लें"),
    "first_day": ("First day", "पहला दिन"),
    "last_day": ("Last day", "अंतिम दिन"),
    "last_day_hint": ("Empty: one day", "ख़ाली: एक दिन"),
    "leave_kind": ("Kind of leave", "अवकाश का प्रकार"),
    "leave_hint": ("Only for leave", "केवल अवकाश के लिए"),
    "half": ("How much of the day", "दिन का कितना भाग"),
    "half_full": ("Whole days", "पूरे दिन"),
    "half_first": ("Forenoon", "पूर्वाह्न"),
    "half_second": ("Afternoon", "अपराह्न"),
    "place": ("Place", "स्थान"),
    "place_hint": ("For duty elsewhere and tours", "अन्यत्र ड्यूटी और दौरे के लिए"),
    "movement_times": ("Times of a movement", "आवागमन का समय"),
    "movement_out": ("Left at", "कब गए"),
    "movement_back": ("Back at", "कब लौटे"),
    "ask.leave": ("Leave", "अवकाश"),
    "ask.on_duty": ("Duty elsewhere", "अन्यत्र ड्यूटी"),
    "ask.tour": ("Tour", "दौरा"),
    "ask.movement": ("Movement", "आवागमन"),
    "ask.adjustment": ("Correction", "सुधार"),
    "ask.register": ("Entry of the branch register", "शाखा पंजी प्रविष्टि"),
    "ask.exemption": ("Exemption", "छूट"),
    "leave.CL": ("Casual leave", "आकस्मिक अवकाश"),
    "leave.EL": ("Earned leave", "अर्जित अवकाश"),
    "leave.HPL": ("Half-pay leave", "अर्ध-वेतन अवकाश"),
    "leave.LWP": ("Leave without pay", "अवैतनिक अवकाश"),
    "leave.ML": ("Maternity leave", "मातृत्व अवकाश"),
    "leave.CCL": ("Child care leave", "शिशु देखभाल अवकाश"),
    "leave.RH": ("Restricted holiday", "प्रतिबंधित अवकाश"),
    "leave.SL": ("Special leave", "विशेष अवकाश"),
    "act.add_in": ("Add an arrival", "आगमन जोड़ें"),
    "act.add_out": ("Add a departure", "प्रस्थान जोड़ें"),
    "act.condone_late": ("Forgive coming late", "देर से आना क्षमा करें"),
    "act.condone_early": ("Forgive leaving early", "जल्दी जाना क्षमा करें"),
    "act.not_mine": ("This punch is not mine", "यह उपस्थिति मेरी नहीं"),
    "act.decide_present": ("Decide: present", "निर्णय: उपस्थित"),
    "act.decide_absent": ("Decide: absent", "निर्णय: अनुपस्थित"),
    "request_state.asked": ("Waiting", "प्रतीक्षा में"),
    "request_state.approved": ("Agreed", "स्वीकृत"),
    "request_state.refused": ("Refused", "अस्वीकृत"),
    "request_state.withdrawn": ("Taken back", "वापस लिया"),
    "status.present": ("Present", "उपस्थित"),
    "status.absent": ("Absent", "अनुपस्थित"),
    "status.on_leave": ("On leave", "अवकाश पर"),
    "status.on_duty": ("On duty", "ड्यूटी पर"),
    "status.holiday": ("Holiday", "छुट्टी"),
    "status.weekly_off": ("Weekly off", "साप्ताहिक छुट्टी"),
    "status.undetermined": ("Not decided", "अनिर्णीत"),
    "status.not_expected": ("Not expected", "अपेक्षित नहीं"),
    "status.exempt": ("Exempt", "छूट"),
    "status.pending": ("Not over yet", "दिन बाक़ी"),
    **{f"month.{n}": (one.en, one.hi) for n, one in enumerate(MONTHS, 1)},
    "weekday.1": ("Monday", "सोमवार"),
    "weekday.2": ("Tuesday", "मंगलवार"),
    "weekday.3": ("Wednesday", "बुधवार"),
    "weekday.4": ("Thursday", "गुरुवार"),
    "weekday.5": ("Friday", "शुक्रवार"),
    "weekday.6": ("Saturday", "शनिवार"),
    "weekday.7": ("Sunday", "रविवार"),
    "weekday_short.1": ("Mo", "सो"),
    "weekday_short.2": ("Tu", "मं"),
    "weekday_short.3": ("We", "बु"),
    "weekday_short.4": ("Th", "गु"),
    "weekday_short.5": ("Fr", "शु"),
    "weekday_short.6": ("Sa", "श"),
    "weekday_short.7": ("Su", "र"),
    # the section officer
    "late_book": ("Late register", "विलंब पंजी"),
    "late_nobody": ("Nobody came late in this month.", "इस माह कोई देर से नहीं आया।"),
    "day": ("Day", "दिन"),
    "days": ("Days", "दिन"),
    "first_in": ("Arrived", "आगमन"),
    "minutes_late": ("Minutes late", "देर (मिनट)"),
    "times_late": ("{n} × this month", "इस माह {n} बार"),
    "how": ("How", "कैसे"),
    "read_as": ("read as {time}", "{time} माना गया"),
    "remark": ("Remark", "टिप्पणी"),
    "remark_wrong": ("A remark has 1 to 300 printable characters.", "टिप्पणी में 1 से 300 अक्षर होते हैं।"),
    "late_register.day": ("Day", "दिन"),
    "late_register.name": ("Name", "नाम"),
    "late_register.designation": ("Designation", "पदनाम"),
    "late_register.first": ("Arrived", "आगमन"),
    "late_register.minutes": ("Minutes late", "देर (मिनट)"),
    "late_register.remark": ("Remark", "टिप्पणी"),
    "deductions": ("Deductions of leave", "अवकाश कटौती"),
    "deductions_hint": (
        "Proposed by rule when the month is over; nothing is deducted until you confirm.",
        "माह समाप्त होने पर नियम से प्रस्तावित; आपकी पुष्टि तक कुछ नहीं कटता।",
    ),
    "deductions_none": ("Nothing is proposed for this month.", "इस माह कुछ प्रस्तावित नहीं है।"),
    "deduction": ("Deduction", "कटौती"),
    "for_decision": ("for decision: none is left", "निर्णय हेतु: कुछ शेष नहीं"),
    "reckon": ("Reckon the month", "माह की गणना करें"),
    "confirm": ("Confirm", "पुष्टि करें"),
    "move.propose": ("Proposed", "प्रस्तावित"),
    "move.confirm": ("Confirmed", "पुष्ट"),
    "move.reject": ("Rejected", "अस्वीकृत"),
    "move.reverse": ("Reversed", "उलटा गया"),
    # the reporting officer
    "requests": ("Requests", "आवेदन"),
    "what": ("What", "क्या"),
    "agree_to": ("Agree", "स्वीकार करें"),
    "refuse": ("Refuse", "अस्वीकार करें"),
    "words_of": ("Reason of the decision", "निर्णय का कारण"),
    "declare": ("Declare duty elsewhere", "अन्यत्र ड्यूटी घोषित करें"),
    "declare_hint": ("By order: nobody has to ask.", "आदेश से: किसी को आवेदन नहीं करना पड़ता।"),
    # what is sent upwards
    "returns": ("Returns", "विवरणियाँ"),
    "all_mine": ("All that is mine", "मेरे सभी"),
    "return_open": ("Provisional: the period is not over.", "अनंतिम: अवधि समाप्त नहीं हुई है।"),
    "return_cut": ("{n} of {all} rows are shown; take the file for all.", "{all} में से {n} पंक्तियाँ; सब के लिए फ़ाइल लें।"),
    "hint.late_book": ("Who came late, with remarks", "कौन देर से आया, टिप्पणी सहित"),
    "hint.deductions": ("Confirm or reject what the rules propose", "नियमों के प्रस्ताव की पुष्टि या अस्वीकृति"),
    "hint.requests": ("Leave, duty, tours, corrections: agree or refuse", "अवकाश, ड्यूटी, दौरे, सुधार: निर्णय करें"),
    "hint.returns": ("Look at a return, take it as CSV, XLSX or PDF", "विवरणी देखें, CSV, XLSX या PDF लें"),
    "hint.corner": ("My days, leave, requests, receipts", "मेरे दिन, अवकाश, आवेदन, रसीदें"),
}

WORDS |= words_attendance.WORDS

# What is wrong with a field, by the code of server.people.fields: why, and what to do.
PROBLEMS: dict[str, str] = {
    "name": "नाम ख़ाली है या उसमें ऐसे अक्षर हैं जो नाम में नहीं होते: जैसा आधार कार्ड पर है वैसा लिखें",
    "born_format": "तिथि इस रूप में नहीं है: दिन-माह-वर्ष लिखें, जैसे 05-11-1984",
    "born_age": "इस तिथि से आयु असंभव है: दिन, माह और वर्ष जाँचें",
    "number_missing": "सरकारी कर्मचारी के लिए आधार संख्या अनिवार्य है: बारह अंक लिखें",
    "number_form": "आधार संख्या में बारह अंक होते हैं और वह 0 या 1 से शुरू नहीं होती: कार्ड से देखकर लिखें",
    "number_check": "कोई अंक ग़लत लिखा गया है: कार्ड से देखकर फिर लिखें",
    "number_twice": "यह संख्या पहले से पंजीकृत है: नोडल अधिकारी से पूछें; कोई दो बार पंजीकृत नहीं होता",
    "email": "यह ई-मेल पता नहीं है: name@example.in की तरह लिखें",
    "mobile": "यह दस अंकों का मोबाइल नंबर नहीं है: 0 या +91 के बिना दस अंक लिखें",
    "choice": "विकल्पों में से एक चुनें",
    "listed": "यह संगठन की सूची में नहीं है: सूची से चुनें, या नोडल अधिकारी से पूछें",
    "designation": "पदनाम केवल सरकारी कर्मचारी का होता है: इसे ख़ाली छोड़ें, या प्रकार में सरकारी चुनें",
    "photo_missing": "फ़ोटो नहीं है: हाल की .jpg तस्वीर चुनें, अधिकतम 100 KB",
    "photo": "यह फ़ोटो नहीं ली जा सकती: .jpg में, अधिकतम 100 KB (102,400 बाइट), फिर सहेजें",
    "unknown": "ऐसा कोई खाना नहीं है",
    "cells": "शीर्षकों से अधिक खाने हैं: अल्पविराम वाले पाठ को उद्धरण चिह्नों में रखें",
    "cell": "खाना पाठ नहीं है या बहुत लंबा है: खाना जाँचें",
}

# What the rooms below say in English.
SAID: dict[str, str] = {
    "an order is entered by the login of whoever issues it": "आदेश वही दर्ज करता है जो उसे जारी करता है, अपने लॉग-इन से",
    "expected a date, YYYY-MM-DD": "तिथि चाहिए: वर्ष-माह-दिन",
    "not a date of that form": "तिथि इस रूप में नहीं है",
    "write it as DD-MM-YYYY, as 05-11-1984": "दिन-माह-वर्ष लिखें, जैसे 05-11-1984",
    "not one of your offices": "यह आपके कार्यालयों में नहीं है",
    "leave the row to whoever looks after that office": "यह पंक्ति उस कार्यालय के अधिकारी पर छोड़ें",
    "not in this organisation's list": "यह संगठन की सूची में नहीं है",
    "not one of the choices": "यह विकल्पों में नहीं है",
    "the name is missing or has characters no name has": "नाम ख़ाली है या उसमें ग़लत अक्षर हैं",
    "not a ten-digit mobile number": "यह दस अंकों का मोबाइल नंबर नहीं है",
    "write the ten digits, without 0 or +91 in front": "0 या +91 के बिना दस अंक लिखें",
    "not an e-mail address": "यह ई-मेल पता नहीं है",
    "write it as name@example.in": "name@example.in की तरह लिखें",
    "there is no photograph": "फ़ोटो नहीं है",
    "give a recent picture as .jpg of at most 100 KB": "हाल की .jpg तस्वीर दें, अधिकतम 100 KB",
    "copy it from the card": "कार्ड से देखकर लिखें",
    "copy it from the card again": "कार्ड से देखकर फिर लिखें",
    "the last digit does not fit the others: one of them is mistyped": "कोई अंक ग़लत लिखा गया है",
    "this number is registered already": "यह संख्या पहले से पंजीकृत है",
    "choose a CSV or NDJSON file of at most 8 MB": "CSV या NDJSON फ़ाइल चुनें, अधिकतम 8 MB",
    "the lists of offices, divisions or designations were changed meanwhile; send the file again": (
        "इस बीच कार्यालयों, प्रभागों या पदनामों की सूची बदल गई; फ़ाइल फिर भेजें"
    ),
    "tick the box; what is erased does not come back": "खाने में निशान लगाएँ; मिटाया हुआ वापस नहीं आता",
    "tick the box, so that nobody asks by a slip of the hand": "खाने में निशान लगाएँ, ताकि भूल से आवेदन न हो",
    "no consent of yours stands that could be taken back": "आपकी कोई सहमति नहीं है जो वापस ली जा सके",
    "this order needs an office; type its code": "इस आदेश में कार्यालय चाहिए; उसका कोड लिखें",
    "this order needs one; choose it from the list": "इस आदेश में पदनाम चाहिए; सूची से चुनें",
    "choose what the order says": "चुनें कि आदेश क्या कहता है",
    "no office has this code; the page of offices lists them": "इस कोड का कोई कार्यालय नहीं है",
    "expected 1 to 200 printable characters": "1 से 200 अक्षर लिखें",
    "expected 1 to 200 printable characters, which the applicant is sent": "1 से 200 अक्षर लिखें; आवेदक को भेजे जाते हैं",
    "this order is in the ledger already": "यह आदेश पहले से दर्ज है",
    "choose what is to be corrected": "चुनें कि क्या सुधारना है",
    "choose what is asked for": "चुनें कि किसके लिए आवेदन है",
    "expected a time of the day, HH:MM": "समय लिखें, घंटा:मिनट",
    "a request is refused for a reason; write it down": "अस्वीकृति का कारण लिखें",
    "nobody decides what they asked for themselves": "अपने आवेदन का निर्णय कोई स्वयं नहीं करता",
    "a deduction is rejected for a reason; write it down": "अस्वीकृति का कारण लिखें",
    "a decision is taken back for a reason; write it down": "निर्णय वापस लेने का कारण लिखें",
}

SAID |= words_attendance.SAID


@dataclass(frozen=True, slots=True)
class PeopleWords:
    """One language: `p.desk` is a row of WORDS, `p.of("kind", code)` one of a group."""

    code: str
    column: int

    def __getattr__(self, name: str) -> str:
        try:
            return WORDS[name][self.column]
        except KeyError:
            raise AttributeError(name) from None

    def of(self, group: str, name: str) -> str:
        """One of a group; what has no word stands as it is."""
        found = WORDS.get(f"{group}.{name}")
        return found[self.column] if found else name

    def named(self, row: object) -> str:
        """The name of an office, a division, a designation, in this language where it has one."""
        hindi = str(getattr(row, "name_hi", ""))
        return hindi if self.column and hindi else str(getattr(row, "name", ""))

    def named_at(self, row: object) -> str:
        """The name of the office in a row of something else."""
        hindi = str(getattr(row, "at_hi", "") or "")
        return hindi if self.column and hindi else str(getattr(row, "at", "") or "")

    def problem(self, code: str, why: str, todo: str) -> str:
        """Something wrong with a field of a registration, and what to do."""
        return PROBLEMS[code] if self.column and code in PROBLEMS else f"{why[:1].upper()}{why[1:]}: {todo}"

    def say(self, text: str) -> str:
        """What a room below said, in this language where that is known."""
        told = (SAID.get(text) or filled(text, words_attendance.SAID_OF)) if self.column else text
        return told[:1].upper() + told[1:]


LANGUAGES: Mapping[str, PeopleWords] = {"en": PeopleWords("en", 0), "hi": PeopleWords("hi", 1)}


def words(code: str) -> PeopleWords:
    return LANGUAGES[code]
