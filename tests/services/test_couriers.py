"""T22, T50: mail goes only to a server whose certificate holds, a webhook only where it may; both say why not."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from bastion.config import MailServer
from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.networks import Networks
from bastion.secret import Secret
from bastion.services.couriers import Couriers, Undelivered
from bastion.services.letters import Letter
from tests.services.receivers import Authority, postbox, receiver

NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)
LETTER = Letter("Accès coupé", "Première ligne\nhttps://bastion.test/locks\n")
ONE = Delivery(
    "d" * 32, "k", Topic.ACCESS_CUT, RecipientKind.STAFF, "s1", "", {}, "/locks", NOW, NOW
)  # fmt: skip
LOOPBACK = Networks(["127.0.0.0/8"])
SECRET = Secret.of("s3cret")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def couriers(port: int, scheme: str, ca=None, sign_in: str = "") -> Couriers:
    return Couriers(MailServer.read(f"{scheme}://{sign_in}127.0.0.1:{port}"), "bastion@chu.test", ca, LOOPBACK, 5)


@pytest.mark.parametrize(("security", "scheme"), [("tls", "smtps"), ("starttls", "smtp+starttls"), ("none", "smtp")])
async def test_a_mail_arrives_whole(authority, security, scheme):
    async with postbox(authority.server() if security != "none" else None, security) as box:
        await couriers(box.port, scheme, authority.file).mail("eve@chu.test", LETTER, ONE, "fr")
        (got,) = box.letters
        assert (got["From"], got["To"], got["Subject"]) == ("bastion@chu.test", "eve@chu.test", "Accès coupé")
        assert (got["Message-ID"], got["Auto-Submitted"]) == (f"<{'d' * 32}@chu.test>", "auto-generated")
        assert got.get_content_type() == "text/plain"
        assert got.get_content().replace("\r\n", "\n") == LETTER.body
        assert box.tls == [security != "none"]


@pytest.mark.parametrize(("security", "scheme"), [("tls", "smtps"), ("starttls", "smtp+starttls")])
async def test_T22_a_certificate_of_nobody_we_know_is_refused(authority, tmp_path, security, scheme):
    other = Authority(tmp_path, "Another")
    async with postbox(authority.server(), security, b"s3cret") as box:
        for ca in (None, other.file):
            with pytest.raises(Undelivered, match=r"(?i)certificate"):
                await couriers(box.port, scheme, ca, "bastion:s3cret@").mail("eve@chu.test", LETTER, ONE, "fr")
        assert (box.raw, box.logins) == ([], [])


async def test_T22_a_certificate_for_another_name_is_refused(authority):
    async with postbox(authority.server("elsewhere.test"), "tls") as box:
        with pytest.raises(Undelivered, match=r"(?i)certificate"):
            await couriers(box.port, "smtps", authority.file).mail("eve@chu.test", LETTER, ONE, "fr")
        assert box.raw == []


async def test_T22_a_server_that_hides_its_starttls_gets_nothing(authority):
    async with postbox() as box:
        with pytest.raises(Undelivered, match="STARTTLS"):
            await couriers(box.port, "smtp+starttls", authority.file).mail("eve@chu.test", LETTER, ONE, "fr")
        assert box.raw == []


async def test_the_bastion_signs_in_where_it_must(authority):
    async with postbox(authority.server(), "starttls", "p:ss@wörd".encode()) as box:
        good = couriers(box.port, "smtp+starttls", authority.file, "bastion:p%3Ass%40w%C3%B6rd@")
        await good.mail("eve@chu.test", LETTER, ONE, "fr")
        assert box.logins == [(b"bastion", "p:ss@wörd".encode())]
        with pytest.raises(Undelivered) as refused:
            await couriers(box.port, "smtp+starttls", authority.file, "bastion:wrong-pass@").mail(
                "e@chu.test", LETTER, ONE, "fr"
            )
        assert "wrong-pass" not in str(refused.value)


@pytest.mark.parametrize(
    "to", ["a@chu.test\nBcc: all@chu.test", "a@chu.test, b@chu.test", "<a@chu.test>", "nobody", ""]
)
async def test_what_is_no_single_address_gets_nothing(to):
    async with postbox() as box:
        with pytest.raises(Undelivered, match="no mail address"):
            await couriers(box.port, "smtp").mail(to, LETTER, ONE, "fr")
        assert box.raw == []


async def test_a_refusal_and_an_absent_server_are_said(authority):
    async with postbox() as box:
        box.refuse = "452 mailbox full"
        with pytest.raises(Undelivered, match="mailbox full"):
            await couriers(box.port, "smtp").mail("eve@chu.test", LETTER, ONE, "fr")
    with pytest.raises(Undelivered):
        await couriers(box.port, "smtp").mail("eve@chu.test", LETTER, ONE, "fr")
    with pytest.raises(Undelivered, match="no mail server"):
        await Couriers().mail("eve@chu.test", LETTER, ONE, "fr")


# -- webhooks ----------------------------------------------------------------------------------------------------------
def hook(box, ca, **more) -> tuple[Couriers, str]:
    return Couriers(ca=ca, **({"networks": LOOPBACK, "patience": 60} | more)), f"https://127.0.0.1:{box.port}/in?a=1"


async def test_a_webhook_gets_signed_json(authority):
    async with receiver(authority.server()) as box:
        way, url = hook(box, authority.file)
        await way.post(url, SECRET, {"id": "d1", "topic": "access_cut", "what": "é"}, NOW)
        (heard,) = box.heard
        assert (heard.path, heard.headers["host"]) == ("/in?a=1", f"127.0.0.1:{box.port}")
        assert heard.headers["content-type"] == "application/json"
        assert json.loads(heard.body) == {"id": "d1", "topic": "access_cut", "what": "é"}
        at = int(NOW.timestamp())
        proof = hmac.new(b"s3cret", f"{at}.".encode() + heard.body, hashlib.sha256).hexdigest()
        assert heard.headers["bastion-signature"] == f"t={at},v1={proof}"
        assert heard.headers["bastion-delivery"] == "d1"
        assert b"s3cret" not in heard.body


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: {other}\r\n\r\n", "answered 302"),
        (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other}\r\n\r\n", "answered 307"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "answered 500"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP answer"),
        (b"HTTP/1.1 20x\r\n", "no HTTP answer"),
        (b"x" * 70_000, "LimitOverrun"),
        (b"", "Incomplete"),
    ],
)
async def test_T50_what_is_not_taken_is_no_delivery_and_redirects_are_not_followed(authority, answer, said):
    async with receiver(authority.server()) as box, receiver(authority.server()) as other:
        box.answer = answer.replace(b"{other}", f"https://127.0.0.1:{other.port}/".encode())
        way, url = hook(box, authority.file)
        with pytest.raises(Undelivered, match=said):
            await way.post(url, SECRET, {"id": "d1"}, NOW)
        assert (len(box.heard), other.heard) == (1, [])


async def test_T22_a_receiver_of_nobody_we_know_is_refused(authority):
    async with receiver(authority.server()) as box:
        way, url = hook(box, None)
        with pytest.raises(Undelivered, match=r"(?i)certificate"):
            await way.post(url, SECRET, {"id": "d1"}, NOW)
        assert box.heard == []


async def test_T50_an_address_that_may_not_be_dialled_is_not(authority):
    async with receiver(authority.server()) as box:
        for host in ("127.0.0.1", "localhost", "169.254.169.254", "[::1]"):
            way, _ = hook(box, authority.file, networks=Networks())
            with pytest.raises(Undelivered, match="AddressRefused"):
                await way.post(f"https://{host}:{box.port}/", SECRET, {"id": "d1"}, NOW)
        assert box.heard == []


async def test_a_receiver_that_says_nothing_is_given_up(authority):
    async with receiver(authority.server()) as box:
        box.answer = b"HTTP/1.1 200"  # and never the end of the line
        way, url = hook(box, authority.file, patience=0.5)
        with pytest.raises(Undelivered):
            await way.post(url, SECRET, {"id": "d1"}, NOW)
