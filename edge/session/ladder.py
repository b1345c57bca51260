"""The ladder of ways to recognise somebody: finger, another finger, face, a supervisor's word (S1). Pure.

A near miss or a poor picture tries the same finger again, with advice; a clear miss goes on to the next way at once.
No threshold is ever lowered: who is not recognised on any rung is either vouched for, and the punch says so, or goes
to the register.
"""

import math
from dataclasses import replace

from drivers.base import ENTER, Advice
from edge.people.facing import Facing, Seen
from edge.session import policy
from edge.session.messages import (
    Ask,
    Compare,
    Fail,
    Find,
    Found,
    Hit,
    Identify,
    Miss,
    Named,
    Note,
    Record,
    Vouched,
)
from edge.session.moves import Rung, Session, Step, Visit, choice, end, go
from edge.session.outcome import (
    Abandoned,
    Elsewhere,
    LockedOut,
    NoMatch,
    NotSupervised,
    Outcome,
    PoorImage,
    SensorGone,
    TooClose,
)
from edge.session.states import (
    Asking,
    IdentifyReady,
    LookAtCamera,
    Place,
    Reason,
    SupervisePlace,
    SuperviseReason,
    SuperviseTyping,
    SuperviseWho,
    Working,
)
from matching import Match
from matching import NoMatch as NoneMatches
from sync.record import Means

LEFT_S = 3.0  # who was recognised in passing is not recognised again before being away for so long
MOST_NAMES = 9  # as many as there are keys to choose with


def found(session: Session, answer: Found, at_s: float) -> Step:
    """It is known who has the digits, if anybody, and whether they are locked."""
    visit = session.visit
    known = replace(visit, people=answer.people, manner=answer.manner, dice=answer.dice)
    if isinstance(session.state, Asking):
        return climb(replace(session, visit=known), at_s)
    if not isinstance(session.state, Working):
        return session, ()
    if answer.wait_s > 0:
        return end(session, LockedOut(math.ceil(answer.wait_s)), at_s)
    if Rung.FACE in visit.tried and Rung.TOUCH in visit.tried:
        facing = Facing(answer.dice, session.rules.turns)
        return go(session, LookAtCamera(), at_s, visit=replace(visit, facing=facing))
    if Rung.TOUCH in visit.tried:
        return go(session, Working(), at_s, Identify())
    if Rung.SUPERVISOR in visit.tried:
        if not session.able.finger:
            return without(session, at_s)
        return go(session, SupervisePlace(1, None), at_s, visit=replace(visit, attempts=1))
    if session.able.online and not answer.people:
        return go(session, Asking(), at_s, Ask(visit.digits), visit=known)
    return climb(replace(session, visit=known), at_s)


def of_another_state(session: Session, at_s: float) -> Step:
    """Who has the digits is known, and is not to be served here (R1.12)."""
    return end(session, Elsewhere(), at_s) if isinstance(session.state, Asking) else (session, ())


def climb(session: Session, at_s: float) -> Step:
    """To the next way that this terminal has and this visit has not tried."""
    able = session.able
    nothing = not (able.finger or able.face)
    return _climb(session, SensorGone() if nothing else session.visit.missed or Abandoned(), at_s)


def without(session: Session, at_s: float) -> Step:
    """The device of this rung is gone: to the next way that is left, and else out of service."""
    return _climb(session, SensorGone(), at_s)


def _climb(session: Session, otherwise: Outcome, at_s: float) -> Step:
    visit, able = session.visit, session.able
    fingers = (Rung.FINGER, Rung.OTHER) if able.finger else ()
    face = (Rung.FACE,) if able.face else ()
    usual = face + fingers if visit.manner.face_first else fingers + face
    ways = (*usual, Rung.SUPERVISOR) if able.vouched and able.finger else usual
    rung = next((way for way in ways if way not in visit.tried), None)
    if rung is None:
        return end(session, otherwise, at_s)
    visit = replace(visit, tried=(*visit.tried, rung), attempts=1)
    if rung is Rung.FACE:
        return go(session, LookAtCamera(), at_s, visit=replace(visit, facing=Facing(visit.dice, session.rules.turns)))
    if rung is Rung.SUPERVISOR:
        return go(session, SuperviseTyping(0), at_s, visit=visit)
    return go(session, Place(visit.pictures + 1, None, other=rung is Rung.OTHER), at_s, visit=visit)


# ---- fingers


def touched(session: Session, at_s: float) -> Step:
    """The sensor took a picture; one that nobody asked for is nobody's."""
    visit = session.visit
    match session.state:
        case IdentifyReady():
            visit = Visit(began_s=at_s, tried=(Rung.TOUCH,))
            return go(session, Working(), at_s, Find(""), visit=visit)
        case Place():
            return go(
                session, Working(), at_s, Compare(visit.digits), visit=replace(visit, pictures=visit.pictures + 1)
            )
        case SupervisePlace():
            return go(session, Working(), at_s, Compare(visit.supervisor_digits))
    return session, ()


def advised(session: Session, advice: Advice, at_s: float) -> Step:
    """The sensor took none, and says what to do."""
    visit = session.visit
    if advice is Advice.LIFT:
        return _lift(session), ()
    match session.state:
        case IdentifyReady():
            return end(session, PoorImage(advice), at_s)
        case Place():
            return _again(replace(session, visit=replace(visit, pictures=visit.pictures + 1)), advice, at_s)
        case SupervisePlace():
            return _supervisor_again(session, advice, at_s)
    return session, ()


def _lift(session: Session) -> Session:
    """The finger that was read before still lies there. It is no further try, and no reason to wait any longer; when
    nobody has begun, it is nobody's: a print on the glass may look like it (S11)."""
    match session.state:
        case Place() | SupervisePlace() as place:
            return replace(session, state=replace(place, advice=Advice.LIFT))
    return session


def compared(session: Session, result: Hit | Miss | Advice, at_s: float) -> Step:
    """The picture was compared, or was too poor to be."""
    visit = session.visit
    if not isinstance(session.state, Working):
        return session, ()
    if Rung.SUPERVISOR in visit.tried:
        return _supervisor_compared(session, result, at_s)
    match result:
        case Hit():
            return _recognised(session, result, Means.FINGER, at_s)
        case Miss.TOO_CLOSE:
            return end(session, TooClose(), at_s)
        case Miss.NEAR:
            return _again(_missed(session), Advice.PLACE_AGAIN, at_s)
        case Miss.CLEAR if Rung.TOUCH in visit.tried:
            return end(_missed(session), NoMatch(), at_s)
        case Miss.CLEAR:
            return climb(_missed(session), at_s)
        case Advice():
            return _again(session, result, at_s)


def _recognised(session: Session, hit: Hit, means: Means, at_s: float) -> Step:
    visit = session.visit
    punch = Record(hit.person, means, hit.score, visit.kind, visit.began_s, visit.digits)
    if means is Means.FACE and Rung.TOUCH in visit.tried:
        session = replace(session, served=(hit.person, at_s))
    return go(session, Working(), at_s, punch)


def _missed(session: Session) -> Session:
    return replace(session, visit=replace(session.visit, missed=NoMatch()))


def _again(session: Session, advice: Advice, at_s: float) -> Step:
    """The same finger once more, or the next way when it had its chances."""
    visit = session.visit
    if not isinstance(visit.missed, NoMatch):
        visit = replace(visit, missed=PoorImage(advice))
    rung = visit.tried[-1]
    session = replace(session, visit=visit)
    if rung is Rung.TOUCH:
        return end(session, visit.missed or PoorImage(advice), at_s)
    if visit.attempts >= session.rules.captures:
        return climb(session, at_s)
    visit = replace(visit, attempts=visit.attempts + 1)
    return go(session, Place(visit.pictures + 1, advice, other=rung is Rung.OTHER), at_s, visit=visit)


# ---- faces


def faced(session: Session, seen: Seen, at_s: float) -> Step:
    """One frame more. The time-out runs from the first frame, and anew from when the person is asked to move."""
    visit, state = session.visit, session.state
    if isinstance(state, IdentifyReady):
        return _noticed(session, seen, at_s) if state.face else (session, ())
    if not isinstance(state, LookAtCamera) or visit.facing is None:
        return session, ()
    facing = visit.facing.after(seen)
    # Somebody nobody knows was before the camera: that counts as compared.
    strange = isinstance(seen.decision, NoneMatches) and facing.challenge is None
    session = replace(session, visit=replace(visit, facing=facing, missed=NoMatch() if strange else visit.missed))
    if facing.passed:
        return _recognised(session, Hit(facing.passed.person, facing.passed.score, supervisor=False), Means.FACE, at_s)
    if facing.failed:
        return climb(_missed(session), at_s)
    shown = LookAtCamera(facing.advice, facing.ask)
    if facing.ask is not state.ask:
        return go(session, shown, at_s)
    return replace(session, state=shown), ()


def _noticed(session: Session, seen: Seen, at_s: float) -> Step:
    """A frame of whoever passes, looked up among everybody. Three that agree begin a visit of that person alone."""
    person, last_s = session.served
    here = isinstance(seen.decision, Match) and seen.decision.person == person
    if here and at_s - last_s < LEFT_S + session.rules.done_s:
        return replace(session, served=(person, at_s)), ()
    facing = (session.visit.facing or Facing(0, turns=0)).after(seen)
    session = replace(session, visit=replace(session.visit, facing=facing))
    if facing.match is None:
        return session, ()
    named = (Named(facing.match.person, ""),)
    visit = Visit(began_s=at_s, tried=tuple(Rung), people=named)  # no other way: nobody said who it is
    session = replace(session, served=(facing.match.person, at_s))
    return go(session, Working(), at_s, Find(""), visit=visit)


# ---- a supervisor's word


def supervising_key(session: Session, key: str, at_s: float) -> Step:
    visit = session.visit
    match session.state:
        case SuperviseTyping():
            return _supervisor_digit(session, key, at_s)
        case SuperviseWho():
            subject = choice(_subjects(visit), key)
            return _ask_why(session, subject, at_s) if subject else (session, ())
        case SuperviseReason(_, reasons):
            reason = choice(reasons, key)
            return _vouch(session, reason, at_s) if reason else (session, ())
    return session, ()


def _supervisor_digit(session: Session, key: str, at_s: float) -> Step:
    visit = session.visit
    if key != ENTER:
        typed = (*visit.typed, key)[: policy.MAX_KEYS]
        return go(session, SuperviseTyping(len(typed)), at_s, visit=replace(visit, typed=typed))
    digits = policy.digits(visit.typed)
    if digits is None:
        return end(session, NotSupervised(), at_s)
    return go(session, Working(), at_s, Find(digits), visit=replace(visit, typed=(), supervisor_digits=digits))


def _supervisor_compared(session: Session, result: Hit | Miss | Advice, at_s: float) -> Step:
    visit = session.visit
    match result:
        case Hit(supervisor=True):
            others = [one for one in visit.people if one.person != result.person]
            if visit.people and not others:  # nobody vouches for themselves
                return end(session, NotSupervised(), at_s)
            session = replace(session, visit=replace(visit, supervisor=result))
            if len(others) > 1:
                return go(session, SuperviseWho(tuple(one.name for one in _subjects(session.visit))), at_s)
            return _ask_why(session, others[0] if others else None, at_s)
        case Hit():
            return end(session, NotSupervised(), at_s)
        case Miss.NEAR:
            return _supervisor_again(session, Advice.PLACE_AGAIN, at_s)
        case Advice():
            return _supervisor_again(session, result, at_s)
    ended, actions = end(session, NotSupervised(), at_s)
    return ended, (Fail(visit.supervisor_digits), *actions)


def _supervisor_again(session: Session, advice: Advice, at_s: float) -> Step:
    visit = session.visit
    if visit.attempts >= session.rules.captures:
        return end(session, NotSupervised(), at_s)
    visit = replace(visit, attempts=visit.attempts + 1)
    return go(session, SupervisePlace(visit.attempts, advice), at_s, visit=visit)


def _subjects(visit: Visit) -> tuple[Named, ...]:
    """Whom the digits first typed may mean, but for the supervisor."""
    own = visit.supervisor.person if visit.supervisor else None
    return tuple(one for one in visit.people if one.person != own)[:MOST_NAMES]


def _ask_why(session: Session, subject: Named | None, at_s: float) -> Step:
    reasons = SuperviseReason(subject.name if subject else "")
    return go(session, reasons, at_s, visit=replace(session.visit, subject=subject))


def _vouch(session: Session, reason: Reason, at_s: float) -> Step:
    visit = session.visit
    if visit.supervisor is None:
        return session, ()
    vouched = Vouched(visit.supervisor.person, reason)
    if visit.subject is None:
        return go(session, Working(), at_s, Note(visit.digits, visit.kind, visit.began_s, vouched))
    person, score = visit.subject.person, visit.supervisor.score
    punch = Record(person, Means.SUPERVISED, score, visit.kind, visit.began_s, visit.digits, vouched)
    return go(session, Working(), at_s, punch)
