"""Swaps between camera and viewer that the viewer has to see. Where the thief can, he puts his own camera in place."""

import time

from signaling.protocol.identity import encode_bytes
from signaling.protocol.trust import session, statement
from signaling.protocol.trust.session import OFFER, Offer
from tests.journeys.swaps.broker import Describing, Session, Signed, Swap
from tests.journeys.swaps.forging import certificate_of, edited, iat_of, with_certificate

NONCE = encode_bytes(bytes(16))


async def his(at: Session) -> str:
    """The description of the thief's camera, which will take the viewer's answer."""
    at.posing, offer = await at.broker.thief.offer()
    return offer


async def description(at: Session, _: str, proof: str | None) -> Signed:
    return await his(at), proof


async def fingerprint(at: Session, offer: str, proof: str | None) -> Signed:
    return with_certificate(offer, certificate_of(await his(at))), proof


async def signed_by_the_thief(at: Session, _offer: str, _proof: str | None) -> Signed:
    offer = await his(at)
    what = Offer(statement.digest(at.trust.hello), at.told, session.fingerprint_of(offer), NONCE, int(time.time()))
    return offer, statement.sign(at.broker.thief.phone.key, OFFER, what)


async def signed_by_the_thief_in_the_cameras_name(at: Session, offer: str, proof: str | None) -> Signed:
    sdp, text = await signed_by_the_thief(at, offer, proof)
    _, payload, signature = (text or "").split(".")
    return sdp, ".".join(((proof or "").split(".")[0], payload, signature))


async def second_certificate(at: Session, offer: str, proof: str | None) -> Signed:
    return f"{offer}{certificate_of(await his(at))}\r\n", proof


async def hidden_certificate(at: Session, offer: str, proof: str | None) -> Signed:
    return f"{offer}a=x\r{certificate_of(await his(at))}\r\n", proof


async def no_proof(at: Session, _offer: str, _proof: str | None) -> Signed:
    return await his(at), None


async def other_hash(_: Session, offer: str, proof: str | None) -> Signed:
    return offer.replace("a=fingerprint:sha-256", "a=fingerprint:sha-1"), proof


async def later(_: Session, offer: str, proof: str | None) -> Signed:
    return offer, edited(proof or "", iat=iat_of(proof or "") + 86_400)


async def hello_as_offer(at: Session, offer: str, _: str | None) -> Signed:
    return offer, at.trust.hello


def of(past: str, *, proof_too: bool) -> Describing:
    """The whole of another session's, or its description alone."""

    async def swap(at: Session, _: str, proof: str | None) -> Signed:
        other = at.broker.past[past].offer
        return other if proof_too else (other[0], proof)

    return swap


OFFERS = [
    Swap("the description in the offer", "viewer", offer=description),
    Swap("the fingerprint in the offer", "viewer", offer=fingerprint),
    Swap("camera and description", "viewer", offer=signed_by_the_thief),
    Swap("description and signature, in the camera's name", "viewer", offer=signed_by_the_thief_in_the_cameras_name),
    Swap("a second certificate in the offer", "viewer", offer=second_certificate),
    Swap("a hidden certificate in the offer", "viewer", offer=hidden_certificate),
    Swap("the hash in the offer", "viewer", offer=other_hash),
    Swap("the time of the offer", "viewer", offer=later),
    Swap("the offer's proof is left out", "viewer", offer=no_proof),
    Swap("the hello in place of the offer's proof", "viewer", offer=hello_as_offer),
    Swap("offer of an earlier session", "viewer", offer=of("earlier", proof_too=True)),
    Swap("offer of another running session", "viewer", offer=of("running", proof_too=True)),
    Swap("description of another running session", "viewer", offer=of("running", proof_too=False)),
    Swap("offer of another of the owner's cameras", "viewer", offer=of("attic", proof_too=True)),
    Swap("the session's name for the viewer", "viewer", told=lambda at: f"x{at.name}"),
    Swap("hello of an earlier session", "viewer", hello=lambda at: at.broker.past["earlier"].trust),
]
