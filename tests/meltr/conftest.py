import logging

import pytest
from mmengine.logging import MMLogger


@pytest.fixture
def warnings():
    """What is logged as a warning."""
    records = []

    class Keep(logging.Handler):

        def emit(self, record):
            records.append(record.getMessage())

    logger = MMLogger.get_current_instance()
    handler = Keep(level=logging.WARNING)
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)
