import json, pytest
from tests.end_to_end.story import Stage
import tests.end_to_end.test_browser as tb
from tests.end_to_end.test_browser import *
@pytest.fixture
def stage():
    import time
    return Stage(gateway="http://127.0.0.1:9280", shop="http://127.0.0.1:9282", logins=json.loads(__import__("pathlib").Path("/tmp/H/logins.json").read_text()))
