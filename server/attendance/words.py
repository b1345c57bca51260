"""The sentences of derivations and reasons, in both languages. A table of facts: one line a code."""
# ruff: noqa: E501 - a sentence and its translation stand side by side

from collections.abc import Iterable

from server.attendance.derivation import Step
from server.attendance.phrases import Language

WORDS: dict[str, tuple[str, str]] = {
    # what decided before any clock was read
    "service": ("not expected or not counted by service order {name}", "सेवा आदेश {name} के अनुसार अपेक्षित नहीं या गणना में नहीं"),
    "posting": ("posted nowhere on this day", "इस दिन कहीं पदस्थापित नहीं"),
    "life": ("the office is {name}", "कार्यालय की स्थिति: {name}"),
    "holiday": ("holiday: {name}", "अवकाश: {name}"),
    "weekly_off": ("weekly off", "साप्ताहिक अवकाश"),
    "on_leave": ("approved leave {name}", "स्वीकृत अवकाश {name}"),
    "on_leave_forenoon": ("approved leave in the forenoon {name}", "पूर्वाह्न में स्वीकृत अवकाश {name}"),
    "on_leave_afternoon": ("approved leave in the afternoon {name}", "अपराह्न में स्वीकृत अवकाश {name}"),
    "on_duty": ("on duty elsewhere {name}", "अन्यत्र कर्तव्य पर {name}"),
    "on_duty_forenoon": ("on duty elsewhere in the forenoon {name}", "पूर्वाह्न में अन्यत्र कर्तव्य पर {name}"),
    "on_duty_afternoon": ("on duty elsewhere in the afternoon {name}", "अपराह्न में अन्यत्र कर्तव्य पर {name}"),
    "exempt": ("exempted from the machine by order {name}", "आदेश {name} द्वारा मशीन से छूट"),
    "register": ("signed in the branch register {name}", "शाखा पंजी में हस्ताक्षर {name}"),
    "add_in": ("an officer added an arrival, {name}", "अधिकारी ने आगमन जोड़ा, {name}"),
    "add_out": ("an officer added a departure, {name}", "अधिकारी ने प्रस्थान जोड़ा, {name}"),
    "condone_late": ("an officer condoned lateness, {name}", "अधिकारी ने विलंब क्षमा किया, {name}"),
    "condone_early": ("an officer condoned leaving early, {name}", "अधिकारी ने शीघ्र प्रस्थान क्षमा किया, {name}"),
    "not_mine": ("an officer set a punch aside as somebody else's, {name}", "अधिकारी ने एक पंच किसी अन्य का मानकर हटाया, {name}"),
    "decide_present": ("an officer decided: present, {name}", "अधिकारी का निर्णय: उपस्थित, {name}"),
    "decide_absent": ("an officer decided: absent, {name}", "अधिकारी का निर्णय: अनुपस्थित, {name}"),
    # the clock
    "first_in": ("first in {time} at {place} by {means}, clock ±{bound} s", "प्रथम आगमन {time}, {place}, {means} से, घड़ी ±{bound} से."),
    "first_in_added": ("first in {time}, added by an officer", "प्रथम आगमन {time}, अधिकारी द्वारा जोड़ा गया"),
    "last_out": ("last out {time} at {place} by {means}, clock ±{bound} s", "अंतिम प्रस्थान {time}, {place}, {means} से, घड़ी ±{bound} से."),
    "last_out_added": ("last out {time}, added by an officer", "अंतिम प्रस्थान {time}, अधिकारी द्वारा जोड़ा गया"),
    "late_limit": ("late after {limit} ({source})", "{limit} के बाद विलंब ({source})"),
    "in_time": ("in time", "समय पर"),
    "closing": ("closing time {limit} ({source})", "कार्यालय बंद होने का समय {limit} ({source})"),
    "stayed": ("stayed until closing time", "समय समाप्ति तक उपस्थित"),
    "flag_late": ("late by {min} min", "{min} मिनट विलंब"),
    "flag_late_kindest": ("late by {min} min, read as {time}: the earliest that the clock allows", "{min} मिनट विलंब, {time} माना गया: घड़ी के अनुसार सबसे पहले का संभव समय"),
    "flag_late_uncertain": ("perhaps late, but the clock cannot tell: not held against the person", "संभवतः विलंब, पर घड़ी निश्चित नहीं: व्यक्ति के विरुद्ध नहीं"),
    "flag_late_unfit": ("late, but no terminal was fit at the time: not held against the person", "विलंब, पर उस समय कोई टर्मिनल ठीक नहीं था: व्यक्ति के विरुद्ध नहीं"),
    "flag_late_condoned": ("late, condoned", "विलंब, क्षमा किया गया"),
    "flag_left_early": ("left {min} min early", "{min} मिनट पहले प्रस्थान"),
    "flag_left_early_kindest": ("left {min} min early, read as {time}: the latest that the clock allows", "{min} मिनट पहले प्रस्थान, {time} माना गया: घड़ी के अनुसार सबसे बाद का संभव समय"),
    "flag_early_uncertain": ("perhaps left early, but the clock cannot tell: not held against the person", "संभवतः शीघ्र प्रस्थान, पर घड़ी निश्चित नहीं: व्यक्ति के विरुद्ध नहीं"),
    "flag_early_unfit": ("left early, but no terminal was fit afterwards: not held against the person", "शीघ्र प्रस्थान, पर उसके बाद कोई टर्मिनल ठीक नहीं था: व्यक्ति के विरुद्ध नहीं"),
    "flag_early_condoned": ("left early, condoned", "शीघ्र प्रस्थान, क्षमा किया गया"),
    "means_finger": ("finger", "उंगली"),
    "means_face": ("face", "चेहरे"),
    "means_supervised": ("a supervisor's word", "पर्यवेक्षक की पुष्टि"),
    "means_card": ("card", "कार्ड"),
    "means_password": ("password", "पासवर्ड"),
    # remarks
    "flag_out_missing": ("no departure was marked", "प्रस्थान अंकित नहीं"),
    "flag_in_missing": ("no arrival was marked", "आगमन अंकित नहीं"),
    "flag_duplicate": ("a double tap was kept and not counted", "दोहरा पंच रखा गया, गिना नहीं गया"),
    "flag_several_terminals": ("punched at several terminals", "एक से अधिक टर्मिनलों पर पंच"),
    "flag_elsewhere": ("punched in another office than posted", "पदस्थापना से भिन्न कार्यालय में पंच"),
    "flag_no_aadhaar_mark": ("not marked on an Aadhaar terminal", "आधार टर्मिनल पर अंकित नहीं"),
    "flag_supervised": ("a supervisor vouched for a punch", "एक पंच की पुष्टि पर्यवेक्षक ने की"),
    "flag_legacy": ("marked on an old machine", "पुरानी मशीन पर अंकित"),
    "flag_register_only": ("only the register speaks for this day", "इस दिन के लिए केवल पंजी का साक्ष्य"),
    "flag_clock_disputed": ("the terminal showed another time than it was", "टर्मिनल ने वास्तविक से भिन्न समय दिखाया"),
    "flag_clock_unknown": ("a punch of unknown time may be of this day", "अज्ञात समय का एक पंच इस दिन का हो सकता है"),
    "flag_movement_open": ("left the premises and was not back by closing time", "परिसर से बाहर गए, बंद होने तक वापसी अंकित नहीं"),
    "flag_trial": ("the office is on trial: nothing is deducted", "कार्यालय परीक्षण पर: कोई कटौती नहीं"),
    "flag_not_counted": ("recorded, not counted", "अभिलिखित, गणना में नहीं"),
    "flag_adjusted": ("adjusted by an officer; the punches are as they were", "अधिकारी द्वारा समायोजित; पंच यथावत"),
    "flag_punched": ("punched, though nothing was expected", "पंच किया, यद्यपि अपेक्षित नहीं था"),
    "flag_half_leave": ("half a day's leave", "आधे दिन का अवकाश"),
    "flag_half_duty": ("half a day on duty elsewhere", "आधा दिन अन्यत्र कर्तव्य"),
    "flag_half_day": ("present for less than a full day", "पूरे दिन से कम उपस्थित"),
    "flag_short_day": ("present for less than half a day", "आधे दिन से कम उपस्थित"),
    "flag_unfit": ("the office's terminals were not fit", "कार्यालय के टर्मिनल ठीक नहीं थे"),
    "flag_above_ranks": ("above the ranks that mark on the machine", "मशीन पर अंकन वाले पदों से ऊपर"),
    "flag_review_due": ("the exemption is due for review", "छूट की समीक्षा देय"),
    "flag_went_on_duty": ("went on duty elsewhere", "अन्यत्र कर्तव्य पर गए"),
    # the outcome
    "status_present": ("present", "उपस्थित"),
    "status_absent": ("absent", "अनुपस्थित"),
    "status_on_leave": ("on leave", "अवकाश पर"),
    "status_on_duty": ("on duty", "कर्तव्य पर"),
    "status_holiday": ("holiday", "अवकाश दिवस"),
    "status_weekly_off": ("weekly off", "साप्ताहिक अवकाश"),
    "status_undetermined": ("undetermined: held against nobody until decided", "अनिर्णीत: निर्णय तक किसी के विरुद्ध नहीं"),
    "status_not_expected": ("not expected", "अपेक्षित नहीं"),
    "status_exempt": ("exempt", "छूट प्राप्त"),
    "status_pending": ("the day is not over", "दिन समाप्त नहीं"),
    "policy": ("by policy {version}", "नीति {version} के अनुसार"),
    # what follows
    "deduction": ("late days {days} → {leave} {kind} ({source})", "विलंब के दिन {days} → {leave} {kind} ({source})"),
    "deduction_for_decision": ("late days {days} → {leave} day of leave, none is left: for decision ({source})", "विलंब के दिन {days} → {leave} दिन का अवकाश, शेष नहीं: निर्णय हेतु ({source})"),
    # why a claimed day of Late Sitting Allowance is not simply paid
    "lsa_window": ("claimed after the succeeding month", "आगामी माह के बाद दावा"),
    "lsa_no_rule": ("no allowance was in force that day", "उस दिन कोई भत्ता लागू नहीं था"),
    "lsa_twice": ("paid before", "पहले भुगतान हो चुका"),
    "lsa_no_day": ("no attendance is known for this day", "इस दिन की कोई उपस्थिति ज्ञात नहीं"),
    "lsa_not_present": ("not present at the office", "कार्यालय में उपस्थित नहीं"),
    "lsa_not_counted": ("the day is not counted by service order", "सेवा आदेश के अनुसार दिन गणना में नहीं"),
    "lsa_contractual": ("contractual employees have no claim", "संविदा कर्मचारियों का दावा नहीं"),
    "lsa_no_aadhaar": ("not marked on an Aadhaar terminal", "आधार टर्मिनल पर अंकित नहीं"),
    "lsa_punch_missing": ("arrival or departure was not marked", "आगमन या प्रस्थान अंकित नहीं"),
    "lsa_left_before": ("left before the time that was needed", "आवश्यक समय से पहले प्रस्थान"),
    "lsa_too_short": ("stayed for less than the hours that a holiday needs", "अवकाश दिवस हेतु आवश्यक घंटों से कम उपस्थित"),
    "lsa_no_approval": ("no prior approval", "पूर्व स्वीकृति नहीं"),
    "lsa_approved_late": ("approved after the late sitting began", "विलंब उपस्थिति आरंभ होने के बाद स्वीकृति"),
    "lsa_no_work": ("the approval says nothing of the work", "स्वीकृति में कार्य का विवरण नहीं"),
    "lsa_cap": ("beyond the year's number of days", "वर्ष की दिन-सीमा से अधिक"),
    "lsa_no_cap": ("no order gives a number of days: needs sanction", "किसी आदेश में दिन-सीमा नहीं: स्वीकृति आवश्यक"),
    "lsa_no_rate": ("no order gives a rate: for decision", "किसी आदेश में दर नहीं: निर्णय हेतु"),
    "lsa_manual": ("a mark was added by hand: needs verification", "एक अंकन हाथ से जोड़ा गया: सत्यापन आवश्यक"),
    "lsa_supervised": ("a supervisor vouched for a punch: needs verification", "एक पंच की पुष्टि पर्यवेक्षक ने की: सत्यापन आवश्यक"),
    "lsa_unsigned": ("a punch has no verified signature: needs verification", "एक पंच का हस्ताक्षर सत्यापित नहीं: सत्यापन आवश्यक"),
    "lsa_clock": ("the clock is not sure enough: needs verification", "घड़ी पर्याप्त निश्चित नहीं: सत्यापन आवश्यक"),
    "lsa_half_day": ("half the day was leave or duty elsewhere: needs verification", "आधा दिन अवकाश या अन्यत्र कर्तव्य: सत्यापन आवश्यक"),
    "lsa_trial": ("the office is on trial: needs verification", "कार्यालय परीक्षण पर: सत्यापन आवश्यक"),
}  # fmt: skip


def say(step: Step, language: Language) -> str:
    """One step as a sentence."""
    place = 0 if language == "en" else 1
    values = {
        key: WORDS[value][place] if key == "means" and isinstance(value, str) else value
        for key, value in step.values.items()
    }
    return " ".join(WORDS[step.code][place].format(**values).replace(" )", ")").split())


def told(found: Iterable[Step], language: Language) -> str:
    """A derivation as one line."""
    return "; ".join(say(step, language) for step in found)
