import pytest


@pytest.mark.parametrize("n", range(10))
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_smoke(database, tenant, hire, arrive, rows, n):
    from handoff_service import tables

    await hire("lin")
    await arrive()
    assert len(await rows(tables.agents)) == 1
