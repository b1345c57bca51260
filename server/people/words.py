"""What people are written, in both languages at once: nobody is asked first which one they read."""

import datetime as dt
from collections.abc import Sequence

from server.fleet.advice import Advice

_NOTICES = {
    "page": ("alarm", "चेतावनी"),
    "remind-3": ("day 3, not mended", "तीसरा दिन, ठीक नहीं हुआ"),
    "remind-5": ("day 5, not mended", "पाँचवाँ दिन, ठीक नहीं हुआ"),
    "breach": ("a week is over, not mended", "एक सप्ताह बीता, ठीक नहीं हुआ"),
}


def otp_message(code: str, minutes: int) -> tuple[str, str]:
    """Subject and text."""
    subject = "Hazri: one-time password · एक बार का पासवर्ड"
    english = f"{code} is your Hazri one-time password for {minutes} minutes. Give it to nobody."
    return subject, f"{english}\n{code} आपका हाज़िरी का पासवर्ड है, {minutes} मिनट के लिए। किसी को न बताएँ।"


def submitted_message(registration: str) -> tuple[str, str]:
    subject = f"Hazri: registration {registration} · पंजीकरण {registration}"
    english = f"Your registration {registration} was received; your nodal officer will check it."
    return subject, f"{english}\nआपका पंजीकरण {registration} मिल गया है; नोडल अधिकारी इसकी जाँच करेंगे।"


def verified_message(registration: str, basis: str) -> tuple[str, str]:
    """`basis` names which six digits; the digits themselves are not written where others read."""
    subject = f"Hazri: registration {registration} is complete · पंजीकरण पूरा"
    how, hindi = {
        "last": ("the last six digits of your Aadhaar number", "आपके आधार नंबर के अंतिम छह अंक"),
        "first": ("the FIRST six digits of your Aadhaar number", "आपके आधार नंबर के पहले छह अंक"),
    }.get(basis, ("six digits that your nodal officer will give you", "छह अंक जो नोडल अधिकारी आपको देंगे"))
    english = f"Your registration {registration} is complete. Your attendance id: {how}."
    return subject, f"{english}\nआपका पंजीकरण {registration} पूरा हुआ। आपकी उपस्थिति आईडी: {hindi}।"


def rejected_message(registration: str, reason: str) -> tuple[str, str]:
    subject = f"Hazri: registration {registration} was not accepted · पंजीकरण अस्वीकृत"
    english = f"Your registration {registration} was not accepted: {reason}. Please register again."
    return subject, f"{english}\nआपका पंजीकरण {registration} स्वीकार नहीं हुआ: {reason}। कृपया फिर से पंजीकरण करें।"


def org_message(slug: str) -> tuple[str, str]:
    subject = "Hazri: your organisation is active · आपका संगठन सक्रिय है"
    return subject, f"Your organisation is active as {slug}.\nआपका संगठन {slug} नाम से सक्रिय है।"


def irregular_message(order_no: str, branch: str, *, late: bool) -> tuple[str, str]:
    """Of an order that was entered late, or in time but not by the login of who issues it."""
    how, hindi = (
        ("after it had been issued", "जारी होने के बाद दर्ज किया गया")
        if late
        else ("at the console, not by the login of who issues it", "जारीकर्ता के लॉगिन से नहीं, कंसोल पर दर्ज किया गया")
    )
    subject = f"Hazri: order {order_no} entered out of rule · नियम से हटकर दर्ज आदेश"
    return subject, f"Order {order_no} of branch {branch} was entered {how}.\nशाखा {branch} का आदेश {order_no} {hindi}।"


def coverage_message(outstanding: int) -> tuple[str, str]:
    subject = "Hazri: registrations outstanding · पंजीकरण शेष"
    english = f"In your section {outstanding} people are not registered and enrolled yet."
    return subject, f"{english}\nआपके अनुभाग में {outstanding} लोगों का पंजीकरण या नामांकन शेष है।"


def notice_line(notice: str, said: Advice, where: str) -> str:
    """One line of `notices_message`: what is wrong, in the words of the pages of the fleet."""
    english, hindi = _NOTICES.get(notice, (notice, notice))
    return f"{where}: {said.what} ({english}) · {said.what_hi} ({hindi})"


def notices_message(lines: Sequence[str], total: int, dos: Sequence[Advice]) -> tuple[str, str]:
    """`total`: how many there are, of which `lines` are the first; then what to do, once for each thing wrong."""
    subject = f"Hazri: {total} to look at · {total} पर ध्यान दें"
    more = total - len(lines)
    rest = [f"… and {more} more · और {more}"] if more > 0 else []
    todo = [f"{one.what}: {one.do}\n{one.what_hi}: {one.do_hi}" for one in dos]
    return subject, "\n".join([*lines, *rest, "", *todo])


def custody_message(office: str, due: dt.date, *, overdue: bool) -> tuple[str, str]:
    subject = f"Hazri: custody report of {office} · अभिरक्षा प्रतिवेदन"
    was, hindi = ("was due", "की अंतिम तिथि बीत चुकी है") if overdue else ("is due", "तक देना है")
    english = f"The compliance report of {office} {was} on {due:%d-%m-%Y}."
    return subject, f"{english}\n{office} का अनुपालन प्रतिवेदन: {due:%d-%m-%Y} {hindi}।"


def strangers_message(n: int, office: str) -> tuple[str, str]:
    subject = f"Hazri: {n} punches to decide at {office} · निर्णय शेष"
    english = f"{n} vouched punches at {office} were not confirmed by any finger or face in three days. Decide whose."
    return subject, f"{english}\n{office} की {n} प्रमाणित हाज़िरी तीन दिन में पुष्ट नहीं हुई। तय करें किसकी थी।"


def late_orders_message(n: int, month: str) -> tuple[str, str]:
    subject = f"Hazri: {n} orders of {month} entered out of rule · नियम से हटकर दर्ज आदेश"
    english = f"In {month} {n} orders were entered after they had been issued, or at the console. The monthly list"
    hindi = f"{month} में {n} आदेश जारी होने के बाद या कंसोल पर दर्ज किए गए। मासिक सूची में उनके नाम हैं।"
    return subject, f"{english} names them.\n{hindi}"
