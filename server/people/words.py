"""What people are written, in both languages at once: nobody is asked first which one they read."""


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


def back_entered_message(order_no: str, branch: str) -> tuple[str, str]:
    subject = f"Hazri: order {order_no} entered after it was issued · आदेश जारी होने के बाद दर्ज"
    english = f"Order {order_no} of branch {branch} was entered after it had been issued."
    return subject, f"{english}\nशाखा {branch} का आदेश {order_no} जारी होने के बाद दर्ज किया गया।"


def coverage_message(outstanding: int) -> tuple[str, str]:
    subject = "Hazri: registrations outstanding · पंजीकरण शेष"
    english = f"In your section {outstanding} people are not registered and enrolled yet."
    return subject, f"{english}\nआपके अनुभाग में {outstanding} लोगों का पंजीकरण या नामांकन शेष है।"
