"""The commands as somebody at the machine gets to know them: what they print, and what they refuse."""

from __future__ import annotations

import re
import shutil

import pytest

from handoff_service.admin.commands import administer
from handoff_service.agents.model import Role
from handoff_service.integrators.commands import api_keys
from handoff_service.permissions import Permission
from handoff_service.seed import seed_demo
from handoff_service.webhooks.commands import webhooks
from tests.handoff_service.conftest import _apart
from tests.handoff_service.stage import trial_settings

DAYS = ("mon", "tue", "wed", "thu")


@pytest.fixture(scope="module")
def settings(fast_folder, sqlite_template, tmp_path_factory):
    """The demo shop on a database of its own, shared by these tests: each leaves what it found."""
    path = fast_folder / "commands.sqlite"
    shutil.copy(sqlite_template, path)
    given = trial_settings(database_url=f"sqlite:///{path}", var=tmp_path_factory.mktemp("var"))
    _apart(seed_demo(given))
    return given


@pytest.fixture
def run(settings, capfd):
    """`run("agents list")`: (exit code, what was printed, what was complained about)."""

    def one(line: str, *more: str, by=administer) -> tuple[int, str, str]:
        code = by([*line.split(), *more], settings)
        return code, *capfd.readouterr()

    return one


def test_an_agent_is_added_changed_and_closed_and_the_table_stays_aligned(run):
    code, out, _ = run("agents add --email Wu@lanyu.example --queues support --role expert --name", "吴专家")
    assert code == 0
    assert re.search(r"password \(shown only now\): \S{20}\n", out)
    code, out, _ = run("agents change wu@lanyu.example --capacity 9 --skills billing=3")
    assert (code, "billing=3" in out, "吴专家" in out) == (0, True, True)
    assert run("agents disable wu@lanyu.example")[0] == 0
    lines = run("agents list")[1].splitlines()
    assert lines[0].split() == [
        "ID",
        "EMAIL",
        "NAME",
        "ROLE",
        "QUEUES",
        "LANGUAGES",
        "SKILLS",
        "CAPACITY",
        "DISABLED",
        "LENT",
        "BY",
    ]
    assert len([line for line in lines if "吴专家" in line and line.split()[-2] == "yes"]) == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("agents change nobody@lanyu.example --capacity 1", "agents: demo has no agent with the address nobody@"),
        ("agents change lin@lanyu.example --queues suport", "There is no queue 'suport'; did you mean support?"),
        ("agents change lin@lanyu.example --skills billing", "write SKILL=LEVEL"),
        ("agents change lin@lanyu.example", "Say what is to change"),
        ("agents list --tenant nowhere", ""),
        ("queues set senior mod=offer", "queue senior: mod: there is no such field; did you mean mode?"),
        ("queues set senior mode=[", "This is no YAML"),
        ("queues show senoir", "There is no senoir among the queues."),
        ("agents change lin@lanyu.example --skills billing=9", "agents: skills.billing: Input should be less than or"),
        ("queues remove senior", "still has it; change that account first. There is no queue 'senior'"),
        (
            "hours set week hours=[{'days':['mon'],'from':'25:00','to':'18:00'}]",
            "'25:00' is no time of day; write one such as",
        ),
        ("config export --tenant nowhere", "config: There is no tenant nowhere."),
        ("config check /no/such/file", "config: /no/such/file: No such file"),
    ],
)
def test_what_is_refused_says_why(run, line, complaint):
    code, out, err = run(line)
    assert complaint in err
    assert "Traceback" not in err
    assert (code, out) == ((1, "") if complaint else (0, "(none)\n"))


def test_a_queue_that_nobody_could_serve_is_warned_of(run):
    code, _, err = run("queues set support", "skills=[{skill: vip, level: 3}]")
    assert (code, err) == (
        0,
        "warning: queues.0.skills: nobody who serves support has vip 3, and it never relaxes; set relax_after_s or an "
        "agent's skills\n",
    )
    assert run("queues set support skills=")[2] == ""


def test_roles_prints_the_whole_table(run):
    lines = run("roles")[1].splitlines()
    assert lines[0].split() == ["PERMISSION", *(role.upper() for role in Role)]
    assert [line.split()[0] for line in lines[1:]] == list(Permission)


def test_a_file_goes_out_is_refused_with_its_line_and_comes_back(run, tmp_path):
    file = tmp_path / "demo.yaml"
    assert run("config export --out", str(file))[0] == 0
    before = file.read_text("utf-8")
    assert "客户服务" in before
    line = before.splitlines().index("    mode: offer") + 1
    file.write_text(before.replace("mode: offer", "mode: ofer"), "utf-8")
    code, out, err = run("config apply --yes", str(file))
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"config: {file}: nothing was applied",
        f"{file}:{line}:5: queues.1.mode: 'ofer' is not possible; did you mean offer?",
    ]
    file.write_text(before.replace("mode: offer", "mode: claim"), "utf-8")
    code, out, _ = run("config apply --yes", str(file))
    assert out == '~ queues.senior.mode: "offer" -> "claim"\n0 to add, 1 to change, 0 to remove\napplied\n'
    assert run("config apply --yes", str(file))[1].endswith("nothing to apply\n")
    file.write_text(before, "utf-8")
    assert run("config apply --yes", str(file))[0] == 0
    assert run("config export")[1] == before


def test_a_shift_of_somebody_who_is_no_agent_is_warned_of_with_its_line(run, tmp_path):
    file = tmp_path / "hours.yaml"
    shifts = ["lin@lanyu.example", "lin", "Lim", "chen.new@lanyu.example"]
    days = "days: [mon], from: '09:00', to: '12:00'"
    lines = [f"      - {{who: {who}, {days.replace('mon', day)}}}" for who, day in zip(shifts, DAYS, strict=True)]
    head = ["calendars:", "  office:", "    hours:", f"      - {{{days}}}", "    roster_covers: false", "    roster:"]
    file.write_text("\n".join([*head, *lines, ""]), "utf-8")
    code, out, err = run("config check", str(file))
    assert (code, "office" in out) == (0, True), "it is a warning: a plan may name who comes next month"
    assert err.splitlines() == [
        f"warning: {file}:9:10: calendars.office.roster.2.who: 'Lim' is no agent; name an address, "
        "the part before its @, or a name",
        f"warning: {file}:10:10: calendars.office.roster.3.who: 'chen.new@lanyu.example' is no agent; name an address, "
        "the part before its @, or a name",
    ]


def test_lists_are_set_shown_and_removed(run):
    before = run("tags list")[1]
    assert run("tags set gold zh=金卡 en=Gold")[1] == "id: gold\nzh: 金卡\nen: Gold\n"
    head, *_, last = run("tags list")[1].splitlines()
    assert (head.split(), last.split()) == (["ID", "ZH", "EN"], ["gold", "金卡", "Gold"])
    assert run("tags remove gold")[1] == "gold removed\n"
    assert run("tags list")[1] == before
    assert "QUEUE" in run("hours list")[1]


def test_webhooks_and_keys_show_their_secret_once(run):
    code, out, _ = run("add https://example.com/hook --events message.created", by=webhooks)
    assert code == 0
    secret = re.search(r"whsec_\S+", out)
    assert secret
    code, out, err = run("add https://example.com/hook --events message.create", by=webhooks)
    assert "did you mean message.created?" in err
    code, out, _ = run("list", by=webhooks)
    assert secret[0] not in out
    assert out.splitlines()[1].split()[1:4] == ["https://example.com/hook", "message.created", "no"]
    assert run("dead", by=webhooks)[1] == "(none)\n"
    assert run("replay", by=webhooks)[0] == 1
    code, out, _ = run("add --name crm --permissions conversations.read", by=api_keys)
    key = re.search(r"tdm\.demo\.\S+", out)
    assert key
    listed = run("list", by=api_keys)[1]
    assert "crm" in listed
    assert key[0] not in listed
