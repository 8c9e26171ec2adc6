"""Compare recorded tables of UniVL's functions: losses, metrics, loaders."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import torch

from parity_checks.report import Report

TESTS = Path(__file__).parents[1]
# What is compared stands in tests; each reads these entries.
FILES = {
    'models/univl/test_univl_losses.py': ['ranking_losses'],
    'models/univl/test_univl_groups.py': ['optimizer_groups'],
    'models/univl/test_univl_decoding.py': ['beam_table'],
    'evaluation/test_retrieval.py': ['retrieval_metrics'],
    'optim/test_bert_adam.py': ['bert_adam'],
    'datasets/test_univl_loaders.py': ['tokenizer', 'youcook', 'msrvtt'],
}


def check(fixture: dict) -> Report:
    """Run the tests that read such a file on this one.

    Args:
        fixture (dict): Content of the file.

    Returns:
        Report: A row per test and entry; its error is 1 if the test fails.
    """
    entries = [entry for names in FILES.values() for entry in names]
    report = Report(
        entry for entry in (*entries, *fixture)
        if entry in entries or not isinstance(fixture[entry], str))
    with tempfile.TemporaryDirectory() as folder:
        torch.save(fixture, Path(folder) / 'univl_extra.pt')
        results = Path(folder) / 'results.xml'
        subprocess.run(
            [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider',
             f'--junitxml={results}', *FILES],
            cwd=TESTS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, PARITY_FIXTURES=folder))
        if results.is_file():
            for case in ElementTree.parse(results).iter('testcase'):
                _add(report, case)
    return report


def _add(report: Report, case: ElementTree.Element) -> None:
    module = case.get('classname').partition('.test_')[2].partition('.')[0]
    failed = {child.tag for child in case} & {'failure', 'error'}
    if case.find('skipped') is not None:
        return
    for file, entries in FILES.items():
        if Path(file).stem == f'test_{module}':
            for entry in entries:
                report.equal(entry, failed, (), variant=case.get('name'))
