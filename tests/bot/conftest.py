"""One trained model, one bot process and its far sides for the whole run."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.bot.far_side import KnowledgeServer, ShopServer
from tests.bot.gateway import BOT, ROOT, Bot, Chat
from tests.ports import free_port


@pytest.fixture(scope="session")
def kb_server() -> KnowledgeServer:
    return KnowledgeServer()


@pytest.fixture(scope="session")
def shop_server() -> ShopServer:
    return ShopServer()


@pytest.fixture(scope="session")
def environment(kb_server: KnowledgeServer, shop_server: ShopServer) -> dict[str, str]:
    """The settings of the bot under test; the model folder is the project's own, so a current model is reused."""
    return {
        **os.environ,
        "TANDEM_BOT_URL": f"http://127.0.0.1:{free_port()}",
        "TANDEM_KB_INDEX_URL": kb_server.url,
        "TANDEM_SHOP_URL": shop_server.url,
        "TANDEM_SHOP_API_KEY": shop_server.key,
        "TANDEM_BOT_KB_TIMEOUT": "1",
        "TANDEM_BOT_SHOP_TIMEOUT": "1",
        "TANDEM_VAR": os.environ.get("TANDEM_VAR", str(ROOT / "var")),
    }


@pytest.fixture(scope="session")
def trained(environment: dict[str, str]) -> None:
    """A live model of the present inputs, whatever its gate says: the tests look more closely."""
    command = [*BOT, "train", "--although-refused"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=240)


@pytest.fixture(scope="session")
def running(
    trained: None,  # noqa: ARG001 (the model must be there)
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bot]:
    """The bot, as a process."""
    bot = Bot(environment, tmp_path_factory.mktemp("bot") / "bot.log")
    bot.start()
    yield bot
    bot.stop()


@pytest.fixture
def bot(running: Bot, kb_server: KnowledgeServer, shop_server: ShopServer) -> Bot:
    """The running bot, its far sides healthy."""
    kb_server.reset()
    shop_server.reset()
    return running


@pytest.fixture
def chat(bot: Bot) -> Chat:
    return Chat(bot)
