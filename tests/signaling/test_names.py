"""Names are seen, and leave the text around them alone."""

import pytest

from signaling.names import BIDI_CONTROLS, cleaned
from tests.signaling.api import Api


@pytest.mark.parametrize("name", ["Garden", "7", "!", "庭", "גינה", "می\u200cشود", "👨\u200d👩\u200d👧", "❤\ufe0f"])
def test_names_of_the_world(name: str) -> None:
    assert cleaned(f"  {name}\u00a0") == name


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u200b\u2060 \ufeff", "\u00ad", "\ufe0f", "\u3164", "\u2800"])
def test_a_name_is_seen(name: str) -> None:
    with pytest.raises(ValueError, match="visible"):
        cleaned(name)


@pytest.mark.parametrize("control", [*sorted(BIDI_CONTROLS), "\u2028", "\u2029", "\u0085"])
def test_a_name_orders_no_text(control: str) -> None:
    with pytest.raises(ValueError, match="direction"):
        cleaned(f"Gar{control}den")


async def test_the_api_refuses_them_everywhere(owner: Api) -> None:
    camera, _ = await owner.add_camera()
    for name in ("\u200b", "Gar\u202eden"):
        assert (await owner.call("PATCH", f"/api/cameras/{camera}", {"name": name})).code == "invalid_body"
        for body in ({"name": name, "model": "Test"}, {"name": "Garden", "model": name}):
            assert (await owner.call("POST", "/api/cameras", body)).code == "invalid_body"
    assert (await owner.camera(camera))["name"] == "Garden"
