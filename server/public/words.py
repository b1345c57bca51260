"""The words of the public pages, in Hindi and English. The four actions and the columns are the circular's own."""

from dataclasses import dataclass

from server.public.states import Action


@dataclass(frozen=True, slots=True)
class PublicWords:
    """One language; `{…}` is filled in."""

    code: str
    other_code: str
    other_name: str
    title: str
    skip: str
    menu: str
    home: str
    districts: str
    ranks: str
    report: str
    office_list: str
    attendance_list: str
    departments: str
    # the six counts (R5.3)
    mapped: str
    registered: str
    marked: str
    present: str
    on_leave: str
    absent: str
    out: str
    # columns (R5.4, R5.5)
    serial: str
    office_name: str
    district: str
    urban_rural: str
    block: str
    view: str
    view_on_map: str
    employee_name: str
    designation: str
    action: str
    event_time: str
    view_attendance: str
    urban: str
    rural: str
    # lists
    show: str
    entries: str
    search: str
    apply: str
    previous: str
    next: str
    page_of: str
    pages: str
    showing: str
    nothing: str
    sort_by: str
    # one office
    desk: str
    no_desk: str
    map_app: str
    qr: str
    qr_text: str
    qr_print: str
    qr_back: str
    trial: str
    mapped_only: str
    # freshness (R5.9)
    offline_since: str
    offline: str
    partly_since: str
    partly: str
    no_terminal: str
    pending: str
    pending_some: str
    row_pending: str
    stale_offices: str
    holiday: str
    # ranks and report
    rank: str
    percent: str
    day: str
    ranks_hint: str
    report_hint: str
    report_empty: str
    # foot
    as_of: str
    never: str
    basis: str
    portal: str
    meaning: str
    missing: str
    busy: str
    again: str
    no_such: str
    actions: dict[Action, str]
    meanings: dict[Action, str]


EN = PublicWords(
    code="en",
    other_code="hi",
    other_name="हिन्दी",
    title="Staff availability",
    skip="Skip to the content",
    menu="Pages",
    home="Home",
    districts="District wise Dashboard",
    ranks="District Ranks",
    report="Progress Report Card",
    office_list="Office List",
    attendance_list="Attendance List",
    departments="Departments",
    mapped="Total Office Mapped",
    registered="Total Employee Registered",
    marked="Total Attendance Marked",
    present="Total Present",
    on_leave="Total On Leave",
    absent="Total Absent",
    out="Out of office",
    serial="Sr. No.",
    office_name="Office Name",
    district="District",
    urban_rural="Urban/Rural",
    block="City/Block",
    view="View",
    view_on_map="View On Map",
    employee_name="Employee Name",
    designation="Designation",
    action="Action",
    event_time="EventDateTime",
    view_attendance="View Attendance",
    urban="URBAN",
    rural="RURAL",
    show="Show",
    entries="entries",
    search="Search:",
    apply="Apply",
    previous="Previous",
    next="Next",
    page_of="Page {n}",
    pages="Pages of the list",
    showing="Showing {first} to {last} of {total} entries",
    nothing="Nothing was found.",
    sort_by="Sort by {name}",
    desk="Office desk",
    no_desk="no number is given",
    map_app="Open in a map app",
    qr="QR code of this page",
    qr_text="Scan to see who is in this office now",
    qr_print="Printable QR code",
    qr_back="Back to the office",
    trial="Trial: attendance is marked here to try it out",
    mapped_only="This office is mapped. Attendance has not begun here.",
    offline_since="terminal offline since {time}; records pending",
    offline="terminal has not been heard of yet; records pending",
    partly_since="a terminal is offline since {time}; some records may be pending",
    partly="a terminal has not been heard of yet; some records may be pending",
    no_terminal="this office has no terminal of its own",
    pending="{n} records are on their way from the terminal",
    pending_some="Somebody shown as absent here may have marked attendance.",
    row_pending="records pending",
    stale_offices="{n} of {total} offices cannot be heard completely; their records are pending and will follow.",
    holiday="Today is a holiday for this department.",
    rank="Rank",
    percent="Marked",
    day="Day",
    ranks_hint="By the share of registered employees who marked any action today.",
    report_hint="The share of registered employees who marked any action, day by day.",
    report_empty="There are no days yet.",
    as_of="As of {time}",
    never="Nothing has been shown yet.",
    basis="Published under section 4 of the Right to Information Act, 2005. Attendance of today, by name and "
    "designation alone; no location of any person, no reason of any leave, and no personal number is shown here or "
    "kept for this page.",
    portal="Portal of the department",
    meaning="What the colours mean",
    missing="There is no such page.",
    busy="Too many pages were asked for from here. Please wait a few seconds.",
    again="Try again",
    no_such="There is no such office or department.",
    actions={
        Action.IN: "Mark In",
        Action.OUT: "Out of Office",
        Action.LEAVE: "On Leave",
        Action.ABSENT: "Absent",
    },
    meanings={
        Action.IN: "present in the office",
        Action.OUT: "out of the office for office work",
        Action.LEAVE: "on leave",
        Action.ABSENT: "has not marked any action",
    },
)

HI = PublicWords(
    code="hi",
    other_code="en",
    other_name="English",
    title="कार्मिक उपलब्धता",
    skip="सीधे सामग्री पर जाएँ",
    menu="पृष्ठ",
    home="मुख्य पृष्ठ",
    districts="ज़िलेवार डैशबोर्ड",
    ranks="ज़िलों का क्रम",
    report="प्रगति पत्रक",
    office_list="कार्यालय सूची",
    attendance_list="उपस्थिति सूची",
    departments="विभाग",
    mapped="कुल मैप किए कार्यालय",
    registered="कुल पंजीकृत कार्मिक",
    marked="कुल दर्ज उपस्थिति",
    present="कुल उपस्थित",
    on_leave="कुल अवकाश पर",
    absent="कुल अनुपस्थित",
    out="कार्यालय से बाहर",
    serial="क्र. सं.",
    office_name="कार्यालय",
    district="ज़िला",
    urban_rural="शहरी/ग्रामीण",
    block="शहर/ब्लॉक",
    view="देखें",
    view_on_map="मानचित्र पर देखें",
    employee_name="कार्मिक का नाम",
    designation="पदनाम",
    action="स्थिति",
    event_time="दिनांक और समय",
    view_attendance="उपस्थिति देखें",
    urban="शहरी",
    rural="ग्रामीण",
    show="दिखाएँ",
    entries="प्रविष्टियाँ",
    search="खोजें:",
    apply="लागू करें",
    previous="पिछला",
    next="अगला",
    page_of="पृष्ठ {n}",
    pages="सूची के पृष्ठ",
    showing="{total} में से {first} से {last} प्रविष्टियाँ",
    nothing="कुछ नहीं मिला।",
    sort_by="{name} के क्रम में लगाएँ",
    desk="कार्यालय डेस्क",
    no_desk="कोई नंबर नहीं दिया गया",
    map_app="मानचित्र ऐप में खोलें",
    qr="इस पृष्ठ का क्यूआर कोड",
    qr_text="इस कार्यालय में अभी कौन है, यह देखने के लिए स्कैन करें",
    qr_print="छापने योग्य क्यूआर कोड",
    qr_back="कार्यालय पर वापस",
    trial="परीक्षण: यहाँ उपस्थिति परखने के लिए दर्ज हो रही है",
    mapped_only="यह कार्यालय मैप किया गया है। यहाँ उपस्थिति अभी शुरू नहीं हुई है।",
    offline_since="मशीन {time} से ऑफ़लाइन है; रिकॉर्ड आने बाक़ी हैं",
    offline="मशीन से अभी तक कोई सूचना नहीं आई; रिकॉर्ड आने बाक़ी हैं",
    partly_since="एक मशीन {time} से ऑफ़लाइन है; कुछ रिकॉर्ड आने बाक़ी हो सकते हैं",
    partly="एक मशीन से अभी तक कोई सूचना नहीं आई; कुछ रिकॉर्ड आने बाक़ी हो सकते हैं",
    no_terminal="इस कार्यालय की अपनी मशीन नहीं है",
    pending="मशीन से {n} रिकॉर्ड आने बाक़ी हैं",
    pending_some="यहाँ अनुपस्थित दिखने वाले कार्मिक ने उपस्थिति दर्ज की हो सकती है।",
    row_pending="रिकॉर्ड आने बाक़ी",
    stale_offices="{total} में से {n} कार्यालयों की पूरी सूचना नहीं आ रही; उनके रिकॉर्ड आने बाक़ी हैं और अपने आप जुड़ जाएँगे।",
    holiday="आज इस विभाग में अवकाश है।",
    rank="क्रम",
    percent="दर्ज",
    day="दिन",
    ranks_hint="पंजीकृत कार्मिकों में से आज कोई भी स्थिति दर्ज करने वालों के प्रतिशत के अनुसार।",
    report_hint="पंजीकृत कार्मिकों में से कोई भी स्थिति दर्ज करने वालों का प्रतिशत, दिन-प्रतिदिन।",
    report_empty="अभी कोई दिन नहीं है।",
    as_of="{time} की स्थिति",
    never="अभी तक कुछ नहीं दिखाया गया है।",
    basis="सूचना का अधिकार अधिनियम, 2005 की धारा 4 के अंतर्गत प्रकाशित। केवल आज की उपस्थिति, नाम और पदनाम सहित; यहाँ न किसी "
    "व्यक्ति का स्थान, न अवकाश का कारण, न कोई निजी नंबर दिखाया जाता है, न इस पृष्ठ के लिए रखा जाता है।",
    portal="विभाग का पोर्टल",
    meaning="रंगों का अर्थ",
    missing="ऐसा कोई पृष्ठ नहीं है।",
    busy="यहाँ से बहुत सारे पृष्ठ माँगे गए हैं। कृपया कुछ सेकंड रुकें।",
    again="फिर प्रयास करें",
    no_such="ऐसा कोई कार्यालय या विभाग नहीं है।",
    actions={
        Action.IN: "उपस्थित",
        Action.OUT: "कार्यालय से बाहर",
        Action.LEAVE: "अवकाश पर",
        Action.ABSENT: "अनुपस्थित",
    },
    meanings={
        Action.IN: "कार्यालय में उपस्थित",
        Action.OUT: "कार्यालय के काम से बाहर",
        Action.LEAVE: "अवकाश पर",
        Action.ABSENT: "कोई स्थिति दर्ज नहीं की",
    },
)
LANGUAGES = {"en": EN, "hi": HI}


def place(urban: bool) -> tuple[str, ...]:
    """Urban or rural, in every language: what a search may ask for."""
    return tuple(one.urban if urban else one.rural for one in LANGUAGES.values())


def action(one: Action) -> tuple[str, ...]:
    """An action in every language."""
    return tuple(words.actions[one] for words in LANGUAGES.values())
