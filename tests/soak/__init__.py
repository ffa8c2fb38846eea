"""The soak: real gateways under many clients and random faults; the history of it all goes to tests.history."""
