"""The words of the pages around accounts, in both languages."""

# ruff: noqa: S106 - these are labels

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from server.access.roles import ROLES, Role
from server.intake.timekeeping import IST
from server.web import words_access_said


class _Placed(Protocol):
    @property
    def org(self) -> str: ...
    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class AccessWords:
    """One language. {n} and other braces are filled in by the page."""

    code_of: str
    login_title: str
    login_name: str
    password: str
    code: str
    code_hint: str
    login_button: str
    login_wrong: str
    login_wait: str
    by_token: str
    by_account: str
    by_attendance: str
    begin_title: str
    begin_password: str
    begin_factor: str
    begin_scan: str
    begin_typed: str
    begin_code: str
    begin_button: str
    recovery_title: str
    recovery_text: str
    go_on: str
    account_title: str
    old_password: str
    new_password: str
    again_password: str
    not_same: str
    password_hint: str
    change: str
    changed: str
    sessions: str
    this_one: str
    end: str
    end_others: str
    since: str
    last_seen: str
    device: str
    roles: str
    no_roles: str
    role: str
    where: str
    whole: str
    until: str
    reason: str
    given_by: str
    exception: str
    exception_hint: str
    to_employee: str
    to_management: str
    accounts_title: str
    accounts_none: str
    name: str
    person_ref: str
    person_hint: str
    account_of: str
    designation: str
    mobile: str
    state: str
    make: str
    make_title: str
    made: str
    shown_once: str
    give: str
    give_title: str
    reset: str
    disable: str
    enable: str
    history: str
    custody_title: str
    custody_hint: str
    custody_csv: str
    handovers: str
    no_handovers: str
    office: str
    official: str
    nobody: str
    violations: str
    no_violations: str
    tasks: str
    no_tasks: str
    ask_title: str
    ask: str
    due: str
    certify: str
    certified: str
    overdue: str
    trail_title: str
    trail_hint: str
    trail_whole: str
    trail_broken: str
    who: str
    what: str
    result: str
    when: str
    older: str
    me_title: str
    me_login_title: str
    digits: str
    puzzle: str
    puzzle_hint: str
    ask_code: str
    code_sent: str
    one_time: str
    me_wrong: str
    me_off: str
    my_punches: str
    dashboard: str
    states: dict[str, str]
    column: int

    def say(self, problem: str) -> str:
        """What the rules say, in this language."""
        return words_access_said.hindi(problem) if self.column else problem

    def role_name(self, which: str) -> str:
        """A name that is none of today's, or was cut where the trail keeps so many letters, stays as it is."""
        if which not in set(Role):
            return which
        return ROLES[Role(which)].hi if self.code_of == "hi" else ROLES[Role(which)].en

    def place(self, place: _Placed) -> str:
        return f"{place.org}{place.path}" if place.org else self.whole

    def either(self, english: str, hindi: str | None) -> str:
        """A name in this language, where it has one."""
        return (hindi if self.column else "") or english

    def moment(self, ms: int) -> str:
        return dt.datetime.fromtimestamp(ms / 1000, IST).strftime("%d.%m.%Y %H:%M")


EN = AccessWords(
    code_of="en",
    login_title="Log in",
    login_name="Log-in name",
    password="Password",
    code="Code",
    code_hint="Six digits from your authenticator, or a recovery code. At the first log-in leave it empty.",
    login_button="Log in",
    login_wrong="Name, password or code are not right.",
    login_wait="Too many attempts. Try again in {n} minutes.",
    by_token="Open with a token",
    by_account="Log in as staff",
    by_attendance="Log in with the attendance ID",
    begin_title="Make the account yours",
    begin_password="1. Choose a password of your own",
    begin_factor="2. Connect your authenticator",
    begin_scan="Scan this with an authenticator app on your phone, then type the six digits it shows.",
    begin_typed="Or type this key into the app:",
    begin_code="Six digits",
    begin_button="Go on",
    recovery_title="Recovery codes",
    recovery_text="Write these down and keep them apart from the phone. Each logs you in once. They are shown once.",
    go_on="I have written them down",
    account_title="My account",
    old_password="Present password",
    new_password="New password",
    again_password="New password, again",
    not_same="The two new passwords are not the same.",
    password_hint="At least ten characters. A few words are easy to keep in mind.",
    change="Change the password",
    changed="The password was changed.",
    sessions="Where I am logged in",
    this_one="here",
    end="End",
    end_others="End all others",
    since="Since",
    last_seen="Last seen",
    device="Device",
    roles="Roles",
    no_roles="No role yet. An administrator gives them.",
    role="Role",
    where="Where",
    whole="the whole ledger",
    until="Until",
    reason="Reason",
    given_by="Given by",
    exception="Exception",
    exception_hint="Why somebody other than the senior-most official; the state alone may say so",
    to_employee="My own attendance",
    to_management="Management console",
    accounts_title="Accounts",
    accounts_none="No account yet.",
    name="Name",
    person_ref="Reference of the person",
    person_hint="Of somebody employed here, from their page; only they may have custody of a portal. Else empty.",
    account_of="Their account",
    designation="Designation",
    mobile="Mobile number",
    state="State",
    make="Make the account",
    make_title="New account",
    made="The account was made. The first password is:",
    shown_once="It is shown only now. Hand it over in person.",
    give="Give the role",
    give_title="Give a role",
    reset="New first password",
    disable="Close the account",
    enable="Open the account again",
    history="Earlier",
    custody_title="Custody of the portals",
    custody_hint="Who is entrusted with the portals of each district and zone.",
    custody_csv="Register as CSV",
    handovers="Handed over",
    no_handovers="No portal was handed over yet.",
    office="Office",
    official="Official",
    nobody="nobody",
    violations="Against the rules",
    no_violations="Nothing is against the rules.",
    tasks="Compliance reports",
    no_tasks="No report was asked for.",
    ask_title="Ask for a report within two days",
    ask="Ask",
    due="Due",
    certify="Certify",
    certified="certified",
    overdue="overdue",
    trail_title="Who read and changed what",
    trail_hint="The newest first. Reads of personal data and every change.",
    trail_whole="The chain of {n} entries is whole.",
    trail_broken="The chain is broken at entry {n}.",
    who="Who",
    what="What",
    result="Result",
    when="When",
    older="Older",
    me_title="My attendance",
    me_login_title="Log in with the attendance ID",
    digits="Attendance ID (six digits)",
    puzzle="A small sum",
    puzzle_hint="Answer with a number or a word.",
    ask_code="Send me a code",
    code_sent="If this ID is registered, a code is on its way. One that is still valid stays valid.",
    one_time="Code, or your password",
    me_wrong="ID, code or sum are not right.",
    me_off="Employees cannot log in here yet: no way to send codes is set up.",
    my_punches="My punches",
    dashboard="Dashboard",
    states={"invited": "invited", "active": "active", "disabled": "closed"},
    column=0,
)

HI = AccessWords(
    code_of="hi",
    login_title="लॉग इन करें",
    login_name="लॉग-इन नाम",
    password="पासवर्ड",
    code="कोड",
    code_hint="ऑथेंटिकेटर के छह अंक, या रिकवरी कोड। पहली बार लॉग इन करते समय खाली छोड़ें।",
    login_button="लॉग इन करें",
    login_wrong="नाम, पासवर्ड या कोड सही नहीं है।",
    login_wait="बहुत बार कोशिश हुई। {n} मिनट बाद फिर कोशिश करें।",
    by_token="टोकन से खोलें",
    by_account="अधिकारी के रूप में लॉग इन करें",
    by_attendance="उपस्थिति आईडी से लॉग इन करें",
    begin_title="खाते को अपना बनाएँ",
    begin_password="1. अपना पासवर्ड चुनें",
    begin_factor="2. अपना ऑथेंटिकेटर जोड़ें",
    begin_scan="इसे फ़ोन के ऑथेंटिकेटर ऐप से स्कैन करें, फिर दिखाए गए छह अंक लिखें।",
    begin_typed="या यह कुंजी ऐप में लिखें:",
    begin_code="छह अंक",
    begin_button="आगे बढ़ें",
    recovery_title="रिकवरी कोड",
    recovery_text="इन्हें लिख लें और फ़ोन से अलग रखें। हर कोड एक बार लॉग इन कराता है। ये केवल अभी दिखाए जा रहे हैं।",
    go_on="मैंने लिख लिए हैं",
    account_title="मेरा खाता",
    old_password="वर्तमान पासवर्ड",
    new_password="नया पासवर्ड",
    again_password="नया पासवर्ड, दोबारा",
    not_same="दोनों नए पासवर्ड एक जैसे नहीं हैं।",
    password_hint="कम से कम दस अक्षर। कुछ शब्द याद रखना आसान होता है।",
    change="पासवर्ड बदलें",
    changed="पासवर्ड बदल दिया गया।",
    sessions="मैं कहाँ लॉग इन हूँ",
    this_one="यहीं",
    end="समाप्त करें",
    end_others="बाकी सब समाप्त करें",
    since="कब से",
    last_seen="पिछली बार",
    device="उपकरण",
    roles="भूमिकाएँ",
    no_roles="अभी कोई भूमिका नहीं। प्रशासक देते हैं।",
    role="भूमिका",
    where="कहाँ",
    whole="पूरा लेखा",
    until="कब तक",
    reason="कारण",
    given_by="किसने दी",
    exception="अपवाद",
    exception_hint="वरिष्ठतम के बजाय कोई और क्यों; केवल राज्य कह सकता है",
    to_employee="मेरी अपनी उपस्थिति",
    to_management="प्रबंधन कंसोल",
    accounts_title="खाते",
    accounts_none="अभी कोई खाता नहीं।",
    name="नाम",
    person_ref="व्यक्ति का संदर्भ",
    person_hint="यहाँ कार्यरत व्यक्ति का, उनके पन्ने से: पोर्टल की अभिरक्षा उन्हीं को मिल सकती है। अन्यथा ख़ाली छोड़ें।",
    account_of="उनका खाता",
    designation="पदनाम",
    mobile="मोबाइल नंबर",
    state="स्थिति",
    make="खाता बनाएँ",
    make_title="नया खाता",
    made="खाता बन गया। पहला पासवर्ड है:",
    shown_once="यह केवल अभी दिखाया जा रहा है। स्वयं हाथ में दें।",
    give="भूमिका दें",
    give_title="भूमिका देना",
    reset="नया पहला पासवर्ड",
    disable="खाता बंद करें",
    enable="खाता फिर खोलें",
    history="पहले",
    custody_title="पोर्टल की अभिरक्षा",
    custody_hint="हर ज़िले और क्षेत्र का पोर्टल किसे सौंपा गया है।",
    custody_csv="रजिस्टर CSV में",
    handovers="सौंपे गए पोर्टल",
    no_handovers="अभी कोई पोर्टल नहीं सौंपा गया।",
    office="कार्यालय",
    official="अधिकारी",
    nobody="कोई नहीं",
    violations="नियम के विरुद्ध",
    no_violations="कुछ भी नियम के विरुद्ध नहीं।",
    tasks="अनुपालन रिपोर्ट",
    no_tasks="कोई रिपोर्ट नहीं माँगी गई।",
    ask_title="दो दिन में रिपोर्ट माँगें",
    ask="माँगें",
    due="अंतिम समय",
    certify="प्रमाणित करें",
    certified="प्रमाणित",
    overdue="समय बीत गया",
    trail_title="किसने क्या देखा और बदला",
    trail_hint="नया सबसे ऊपर। निजी जानकारी देखना और हर बदलाव।",
    trail_whole="{n} प्रविष्टियों की शृंखला पूरी है।",
    trail_broken="शृंखला प्रविष्टि {n} पर टूटी है।",
    who="किसने",
    what="क्या",
    result="परिणाम",
    when="कब",
    older="पुराने",
    me_title="मेरी उपस्थिति",
    me_login_title="उपस्थिति आईडी से लॉग इन करें",
    digits="उपस्थिति आईडी (छह अंक)",
    puzzle="एक छोटा हिसाब",
    puzzle_hint="उत्तर अंक या शब्द में लिखें।",
    ask_code="मुझे कोड भेजें",
    code_sent="यदि यह आईडी पंजीकृत है तो कोड भेजा जा रहा है। जो कोड अभी मान्य है, वही मान्य रहेगा।",
    one_time="कोड, या आपका पासवर्ड",
    me_wrong="आईडी, कोड या हिसाब सही नहीं है।",
    me_off="कर्मचारी अभी यहाँ लॉग इन नहीं कर सकते: कोड भेजने का कोई साधन नहीं है।",
    my_punches="मेरी हाज़िरी",
    dashboard="डैशबोर्ड",
    states={"invited": "आमंत्रित", "active": "चालू", "disabled": "बंद"},
    column=1,
)

LANGUAGES = {"en": EN, "hi": HI}
