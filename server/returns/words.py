"""The words of returns, in both languages. A table of facts."""

from server.returns.model import Text

T = Text
SERIAL = T("Sr. No.", "क्र.सं.")
OFFICE = T("Office", "कार्यालय")
SCHOOL = T("Office / School", "कार्यालय / विद्यालय")
NAME = T("Name", "नाम")
POST = T("Designation", "पदनाम")
DATE = T("Date", "दिनांक")
DATES = T("Dates", "दिनांक")
# The seven columns of the J&K return, in its order (R4.1).
SEVEN = (
    T("Total Employees", "कुल कर्मचारी"),
    T("Present", "उपस्थित"),
    T("On Leave", "अवकाश पर"),
    T("On duty", "कर्तव्य पर"),
    T("Absent", "अनुपस्थित"),
    T("Late Comers", "विलंब से आने वाले"),
    T("Left school before school timing", "समय से पूर्व विद्यालय छोड़ने वाले"),
)
TOTAL = T("Total", "योग")
LATE_DAYS = T("Late days", "विलंब के दिन")
ARRIVED = T("Arrived", "आगमन")
LEFT = T("Left", "प्रस्थान")
LATE_MIN = T("Minutes late", "विलंब (मिनट)")
STATUS = T("Status", "स्थिति")
REMARK = T("Remarks", "टिप्पणी")
CL_TAKEN, EL_TAKEN = T("CL deducted", "काटा गया CL"), T("EL deducted", "काटा गया EL")
CL_LEFT, EL_LEFT = T("CL balance", "शेष CL"), T("EL balance", "शेष EL")
FOR_DECISION = T("For decision", "निर्णय हेतु")
STATE = T("State", "अवस्था")
BY_FINGER, BY_FACE = T("By finger", "उंगली से"), T("By face", "चेहरे से")
WORKING_OUT = T("How it was worked out", "गणना का आधार")

TITLES = {
    "monthly": T("Monthly return of attendance (BAS)", "उपस्थिति की मासिक विवरणी (बीएएस)"),
    "latecomers": T("Latecomers and leave deducted", "विलंब से आने वाले एवं काटा गया अवकाश"),
    "employees": T("Attendance of all employees", "सभी कर्मचारियों की उपस्थिति"),
    "lsa": T("Late Sitting Allowance: claims", "विलंब उपस्थिति भत्ता: दावे"),
    "custody": T("Custody of the biometric portals", "बायोमेट्रिक पोर्टल के प्रभारी"),
    "compliance": T("Compliance of custody", "प्रभार संबंधी अनुपालन"),
    "back-entered": T("Orders entered late or at the console", "देर से या कंसोल पर दर्ज आदेश"),
    "coverage": T("Registration by section", "अनुभागवार पंजीकरण"),
    "daily": T("Daily attendance: exceptions first", "दैनिक उपस्थिति: अपवाद पहले"),
    "movement": T("Movement register", "आवागमन पंजी"),
    "register": T("Machine and branch register compared", "मशीन एवं शाखा पंजी का मिलान"),
    "fingers": T("Fingers that the machines refuse", "मशीन द्वारा अस्वीकृत उंगलियाँ"),
    "terminals": T("Fitness of terminals", "टर्मिनलों की कार्यक्षमता"),
}
WHAT = {
    "monthly": T(
        "J&K, monthly: seven columns by school, zone and district, with a daily annex (R4.1)",
        "जम्मू-कश्मीर, मासिक: विद्यालय, ज़ोन और ज़िले के सात स्तंभ, दैनिक परिशिष्ट सहित (R4.1)",
    ),
    "latecomers": T(
        "CBSE, first week of each month: who came late, when, and what it cost (R2.5)",
        "सीबीएसई, हर माह का पहला सप्ताह: कौन, कब विलंब से आया और क्या कटा (R2.5)",
    ),
    "employees": T(
        "the same of every employee, as headquarters asks (R2.5)", "यही सभी कर्मचारियों का, जैसा मुख्यालय माँगता है (R2.5)"
    ),
    "lsa": T(
        "claims of the month with the two punches of each day (R3.9)", "माह के दावे, प्रत्येक दिन के दोनों पंच सहित (R3.9)"
    ),
    "custody": T("who is entrusted with which portal (R4.4)", "कौन-सा पोर्टल किसके प्रभार में है (R4.4)"),
    "compliance": T(
        "custodies against the rules, and reports due (R4.2, R4.3)", "नियम विरुद्ध प्रभार, और देय प्रतिवेदन (R4.2, R4.3)"
    ),
    "back-entered": T(
        "orders recorded after their issue, or not by the issuer's login (R6.3, R6.4)",
        "जारी होने के बाद, या जारीकर्ता के लॉगिन के बिना दर्ज आदेश (R6.3, R6.4)",
    ),
    "coverage": T(
        "registered, verified, enrolled, outstanding, with due date and head (R1.17)",
        "पंजीकृत, सत्यापित, नामांकित, शेष; अंतिम तिथि और प्रमुख सहित (R1.17)",
    ),
    "daily": T(
        "one day, exceptions first, for directorate and scheme in-charges (R4.7)",
        "एक दिन, अपवाद पहले: निदेशालय और योजना प्रभारियों हेतु (R4.7)",
    ),
    "movement": T("departures in office hours and their returns (R1.16)", "कार्यालय समय में बाहर जाना और वापसी (R1.16)"),
    "register": T("both, machine only, register only, neither (R2.9)", "दोनों, केवल मशीन, केवल पंजी, कोई नहीं (R2.9)"),
    "fingers": T("refusals and tickets by person (R2.6)", "व्यक्तिवार अस्वीकृतियाँ और टिकट (R2.6)"),
    "terminals": T("minutes fit, unfit and unknown by terminal (R2.6)", "टर्मिनलवार ठीक, ख़राब और अज्ञात मिनट (R2.6)"),
}
STATUSES = {
    "present": T("Present", "उपस्थित"), "absent": T("Absent", "अनुपस्थित"), "on_leave": T("On leave", "अवकाश पर"),
    "on_duty": T("On duty", "कर्तव्य पर"), "holiday": T("Holiday", "अवकाश दिवस"),
    "weekly_off": T("Weekly off", "साप्ताहिक अवकाश"), "undetermined": T("Undetermined", "अनिर्णीत"),
    "not_expected": T("Not expected", "अपेक्षित नहीं"), "exempt": T("Exempt", "छूट प्राप्त"),
    "pending": T("Not yet marked", "अभी अंकित नहीं"),
}  # fmt: skip
MARKED = {
    "both": T("Both", "दोनों"), "machine_only": T("Machine only", "केवल मशीन"),
    "register_only": T("Register only", "केवल पंजी"), "neither": T("Neither", "कोई नहीं"),
}  # fmt: skip
OUTCOMES = {
    "pay": T("Pay", "भुगतान"), "verify": T("Verify", "सत्यापन"), "decide": T("For decision", "निर्णय हेतु"),
    "refuse": T("Refused", "अस्वीकृत"),
}  # fmt: skip


MONTHS = (
    T("January", "जनवरी"), T("February", "फ़रवरी"), T("March", "मार्च"), T("April", "अप्रैल"), T("May", "मई"),
    T("June", "जून"), T("July", "जुलाई"), T("August", "अगस्त"), T("September", "सितंबर"), T("October", "अक्टूबर"),
    T("November", "नवंबर"), T("December", "दिसंबर"),
)  # fmt: skip


def period(told: str) -> Text:
    """A month, 2026-10, or a day, 2026-10-05, as offices write it; anything else as it stands."""
    year, _, rest = told.partition("-")
    month, _, day = rest.partition("-")
    if not (month.isdigit() and 1 <= int(month) <= 12):
        return T(told, told)
    name = MONTHS[int(month) - 1]
    return T(f"{day}-{month}-{year}", "") if day else T(f"{name.en} {year}", f"{name.hi} {year}")


NO_DAYS = T(
    "No day of this period was worked out here: days are, from the day on which this server first ran.",
    "इस अवधि का कोई दिन यहाँ नहीं निकाला गया: सर्वर के पहली बार चलने के दिन से ही दिन निकाले जाते हैं।",
)


def left_out(undetermined: int, exempt: int) -> Text:
    return T(
        f"Each cell counts employee-days. Not in the table: {undetermined} undetermined (no terminal was fit, or the "
        f"clock is not known; held against nobody) and {exempt} of people of whom no machine is asked.",
        f"प्रत्येक अंक कर्मचारी-दिवस है। तालिका में शामिल नहीं: {undetermined} अनिर्णीत (टर्मिनल ठीक नहीं था या घड़ी अज्ञात; "
        f"किसी के विरुद्ध नहीं) तथा {exempt} ऐसे जिनसे मशीन अपेक्षित नहीं।",
    )
