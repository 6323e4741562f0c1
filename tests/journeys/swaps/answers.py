"""Swaps between viewer and camera that the camera has to see. Where the thief can, he answers himself."""

import time

from signaling.protocol.trust import session, statement
from signaling.protocol.trust.session import OFFER, Offer
from tests.journeys.swaps.broker import Describing, Session, Signed, Swap
from tests.journeys.swaps.forging import certificate_of, edited, iat_of, with_certificate
from tests.trust_viewer import Installation


async def his(at: Session) -> str:
    return await at.broker.thief.answer(at.offer[0])


async def description(at: Session, _: str, proof: str | None) -> Signed:
    return await his(at), proof


async def fingerprint(at: Session, answer: str, proof: str | None) -> Signed:
    return with_certificate(answer, certificate_of(await his(at))), proof


async def no_proof(at: Session, _answer: str, _proof: str | None) -> Signed:
    return await his(at), None


async def second_certificate(at: Session, answer: str, proof: str | None) -> Signed:
    return f"{answer}{certificate_of(await his(at))}\r\n", proof


async def hidden_certificate(at: Session, answer: str, proof: str | None) -> Signed:
    return f"{answer}a=x\x85{certificate_of(await his(at))}\r\n", proof


async def later(_: Session, answer: str, proof: str | None) -> Signed:
    return answer, edited(proof or "", iat=iat_of(proof or "") + 86_400)


async def offer_as_answer(at: Session, answer: str, _: str | None) -> Signed:
    return answer, at.offer[1]


def by(who: str) -> Describing:
    """The thief's description, properly signed, but by another key than the one that said the hello."""

    async def swap(at: Session, _answer: str, _proof: str | None) -> Signed:
        answer = await his(at)
        signer: Installation = at.broker.thief.phone if who == "thief" else at.broker.people.laptop
        offered = statement.read(at.offer[1] or "", OFFER, Offer)
        return answer, session.answer(signer.key, offered, answer, int(time.time()))

    return swap


def of(past: str, *, proof_too: bool) -> Describing:
    async def swap(at: Session, _: str, proof: str | None) -> Signed:
        other = at.broker.past[past].answer
        return other if proof_too else (other[0], proof)

    return swap


ANSWERS = [
    Swap("the description in the answer", "camera", answer=description),
    Swap("the fingerprint in the answer", "camera", answer=fingerprint),
    Swap("viewer and description", "camera", answer=by("thief")),
    Swap("another of the owner's devices answers", "camera", answer=by("laptop")),
    Swap("a second certificate in the answer", "camera", answer=second_certificate),
    Swap("a hidden certificate in the answer", "camera", answer=hidden_certificate),
    Swap("the time of the answer", "camera", answer=later),
    Swap("the answer's proof is left out", "camera", answer=no_proof),
    Swap("the offer in place of the answer's proof", "camera", answer=offer_as_answer),
    Swap("answer of an earlier session", "camera", answer=of("earlier", proof_too=True)),
    Swap("answer of another running session", "camera", answer=of("running", proof_too=True)),
    Swap("description of another viewer's answer", "camera", answer=of("guest", proof_too=False)),
]
