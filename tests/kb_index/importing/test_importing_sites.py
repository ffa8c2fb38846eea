"""A site by its sitemap, from a real server on this machine."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kb_index.importing.public_only import LARGEST_PAGE, is_public
from kb_index.importing.robots import Robots
from tests.kb_index.importing.importing_desk import Desk, whys

LOCAL = "--allow-address 127.0.0.1 --pause 0"


class Site(ThreadingHTTPServer):
    """Pages by path as (status, headers, content); remembers who asked for what with which headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def page(self, path: str, title: str, text: str, **headers: str) -> None:
        html = (
            f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (200, {"Content-Type": "text/html; charset=utf-8", **named}, html.encode())

    def sitemap(self, *paths: str, at: str = "/sitemap.xml") -> None:
        listed = "".join(f"<url><loc>{path if '://' in path else self.address + path}</loc></url>" for path in paths)
        content = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</urlset>'
        self.pages[at] = (200, {"Content-Type": "application/xml"}, content.encode())


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, headers, content = self.server.pages.get(self.path, (404, {}, b"gone"))
        if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
            status, content = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        server.page("/refund", "退款多久到账", "审核通过以后三到五个工作日到账。", ETag='"r1"')
        server.page("/delivery", "Delivery", "We deliver within 3 to 5 working days.", ETag='"d1"')
        server.page("/private/salary", "Salaries", "Nobody should read this page.")
        server.sitemap("/refund", "/delivery", "/private/salary")
        yield server
        server.shutdown()
        thread.join()


def test_the_pages_of_a_sitemap_become_articles_and_robots_txt_is_obeyed(desk: Desk, site: Site) -> None:
    site.pages["/robots.txt"] = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private/\n")
    report = desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    assert set(desk.articles()) == {"退款多久到账", "Delivery"}
    assert f"{site.address}/private/salary : robots.txt forbids it" in whys(report, "skipped")
    assert "/private/salary" not in [path for path, _ in site.asked]
    assert desk.articles()["Delivery"].id.startswith("delivery-")


def test_a_site_is_found_by_its_address_alone_and_by_an_index_of_sitemaps(desk: Desk, site: Site) -> None:
    site.sitemap("/delivery", at="/part.xml")
    packed = gzip.compress(site.pages["/part.xml"][2])
    site.pages["/part.xml.gz"] = (200, {"Content-Type": "application/gzip"}, packed)
    index = f"<sitemapindex><sitemap><loc>{site.address}/part.xml.gz</loc></sitemap></sitemapindex>"
    site.pages["/all.xml"] = (200, {"Content-Type": "text/xml"}, index.encode())
    site.pages["/robots.txt"] = (200, {}, f"User-agent: *\nSitemap: {site.address}/all.xml\n".encode())
    desk.run(site.address, options=LOCAL)
    assert set(desk.articles()) == {"Delivery"}


def test_what_has_not_changed_is_not_sent_again(desk: Desk, site: Site) -> None:
    desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    site.page("/delivery", "Delivery", "We deliver within 2 working days now.", ETag='"d2"')
    site.asked.clear()
    report = desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    assert (report["counts"]["updated"], report["counts"]["unchanged"]) == (1, 2)
    assert ("/refund", '"r1"') in [(path, headers.get("If-None-Match")) for path, headers in site.asked]
    assert "2 working days" in desk.articles()["Delivery"].answer


def test_a_page_that_is_gone_is_reported_and_retired_when_asked(desk: Desk, site: Site) -> None:
    desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    del site.pages["/refund"]
    site.sitemap("/refund", "/delivery")
    report = desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    assert report["counts"]["missing"] == 2, "the page that answers 404, and the one that the sitemap names no more"
    report = desk.run(f"{site.address}/sitemap.xml", options=f"{LOCAL} --retire-missing")
    assert report["counts"]["retired"] == 2
    assert desk.articles()["退款多久到账"].state == "retired"
    assert desk.articles()["Delivery"].state == "draft"


def test_what_robots_txt_forbids_from_now_on_is_not_taken_for_gone(desk: Desk, site: Site) -> None:
    desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /*fund$\n")
    report = desk.run(f"{site.address}/sitemap.xml", options=f"{LOCAL} --retire-missing")
    assert report["counts"]["retired"] == 0
    assert "it was not looked at: robots.txt forbids it" in whys(report, "missing")
    assert desk.articles()["退款多久到账"].state == "draft"


def test_every_host_is_asked_what_it_allows(desk: Desk, site: Site) -> None:
    with Site() as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        other.page("/open", "Open", "Everybody may read this.")
        other.page("/closed", "Closed", "Nobody may read this.")
        other.pages["/robots.txt"] = (200, {}, b"User-agent: TandemImport\nDisallow: /closed\n")
        site.sitemap("/refund", f"{other.address}/open", f"{other.address}/closed")
        report = desk.run(f"{site.address}/sitemap.xml", options=f"{LOCAL} --host 127.0.0.1:{other.server_port}")
        other.shutdown()
        thread.join()
    assert set(desk.articles()) == {"退款多久到账", "Open"}
    assert f"{other.address}/closed : robots.txt forbids it" in whys(report, "skipped")
    assert "/closed" not in [path for path, _ in other.asked]


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/files/x.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/files/x.pdf?old=1", True),
        ("User-agent: *\nDisallow: /*?session=", "/shop?session=7", False),
        ("User-agent: *\nDisallow: /%E9%80%80", "/退款", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: TandemImport\nAllow: /", "/x", True),
        ("User-agent: tandemimport\nUser-agent: other\nDisallow: /x", "/x", False),
        ("User-agent: other\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: *\nDisallow: /a+(b", "/a+(b/c", False),
        ("nonsense", "/x", True),
    ],
)
def test_robots_txt_is_read_as_the_standard_has_it(rules: str, path: str, allowed: bool) -> None:
    assert Robots.parse(rules).allow(f"https://shop.test{path}") is allowed


def test_a_site_that_fails_as_a_whole_retires_nothing(desk: Desk, site: Site) -> None:
    desk.run(f"{site.address}/sitemap.xml", options=LOCAL)
    site.pages["/robots.txt"] = (503, {}, b"")
    report = desk.run(f"{site.address}/sitemap.xml", options=f"{LOCAL} --retire-missing", code=1)
    assert "its robots.txt answers 503" in whys(report, "failed")
    del site.pages["/robots.txt"]
    site.pages["/sitemap.xml"] = (500, {}, b"")
    report = desk.run(f"{site.address}/sitemap.xml", options=f"{LOCAL} --retire-missing", code=1)
    assert report["counts"]["retired"] == report["counts"]["missing"] == 0


def test_our_own_network_is_not_reached(desk: Desk, site: Site) -> None:
    for address in (
        site.address,
        f"http://localhost:{site.server_port}",
        f"http://[::ffff:127.0.0.1]:{site.server_port}",
    ):
        report = desk.run(f"{address}/sitemap.xml", options="--pause 0", code=1)
        assert "no address of the internet" in whys(report, "failed")
    assert site.asked == [], "nothing was asked, not even for robots.txt"


def test_redirects_and_sitemaps_do_not_lead_elsewhere(desk: Desk, site: Site) -> None:
    site.pages["/moved"] = (302, {"Location": "/delivery"}, b"")
    site.pages["/inward"] = (302, {"Location": "http://169.254.169.254/latest/meta-data"}, b"")
    site.pages["/loop"] = (302, {"Location": "/loop"}, b"")
    site.pages["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
    site.sitemap("/moved", "/inward", "/loop", "/file", "http://other.test/page", "file:///etc/passwd")
    report = desk.run(f"{site.address}/sitemap.xml", options=LOCAL, code=1)
    assert set(desk.articles()) == {"Delivery"}
    failed = whys(report, "failed")
    assert f"{site.address}/inward : its host is not on the list" in failed
    assert f"{site.address}/loop : more than 5 redirects" in failed
    assert f"{site.address}/file : its host is not on the list" in failed
    assert "http://other.test/page : its host is not on the list" in whys(report, "skipped").replace(
        f"{site.address}/sitemap.xml ", "", 1
    ).replace(": its", " : its")
    report = desk.run(f"{site.address}/sitemap.xml", options=f"{LOCAL} --host 169.254.169.254", code=1)
    assert "169.254.169.254 is 169.254.169.254, no address of the internet" in whys(report, "failed")


def test_pages_that_are_too_large_or_of_another_kind_are_named(desk: Desk, site: Site) -> None:
    bomb = gzip.compress(b"<p>" + b"a" * (LARGEST_PAGE + 10))
    site.pages["/bomb"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, bomb)
    site.pages["/movie"] = (200, {"Content-Type": "video/mp4"}, b"0000")
    site.pages["/gbk"] = (
        200,
        {"Content-Type": "text/html"},
        '<html><head><meta charset="gb2312"></head><h1>怎么付款</h1><p>可以用银行卡付款。</p></html>'.encode("gbk"),
    )
    site.sitemap("/bomb", "/movie", "/gbk")
    report = desk.run(f"{site.address}/sitemap.xml", options=LOCAL, code=1)
    assert f"/bomb : it is larger than {LARGEST_PAGE} bytes" in whys(report, "failed")
    assert "video/mp4 is not imported" in whys(report, "skipped")
    assert desk.articles()["怎么付款"].answer == "可以用银行卡付款。"


def test_a_sitemap_with_entities_is_refused(desk: Desk, site: Site) -> None:
    hostile = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>'
    site.pages["/sitemap.xml"] = (200, {"Content-Type": "application/xml"}, hostile.encode())
    report = desk.run(f"{site.address}/sitemap.xml", options=LOCAL, code=1)
    assert "it is no sitemap (DTDForbidden" in whys(report, "failed")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False), ("2002:7f00:1::", False),
        ("2606:4700::6810:84e5", True), ("224.0.0.1", False), ("not an address", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
    assert is_public("10.1.2.3", allowed={"10.1.2.3"})
