import json
import subprocess
import sys

import parity
import pytest
import torch
from child_process import environment
from parity_checks.recorded import recorded
from parity_checks.report import Report


def run(path, capsys):
    code = parity.main([str(path), '--json'])
    return code, json.loads(capsys.readouterr().out)


def test_violet_agrees_with_everything_recorded(every_violet_fixture,
                                                capsys):
    code, report = run(every_violet_fixture, capsys)
    assert code == 0
    assert report['model'] == 'VIOLET'
    assert report['not_compared'] == []
    assert [row['name'] for row in report['rows'] if not row['ok']] == []
    names = {row['name'] for row in report['rows']}
    variants = {row['variant'] for row in report['rows']
                if row['name'].startswith('meltr.hypergrad.')}
    assert variants == {'vjp', 'jvp', 'double_backward'}
    assert {'outputs.loss_mvm', 'meltr.hypergrad_none', 'train_grad.none',
            'meltr.step.state_dict_after.fc1.weight', 'inputs.img'} <= names


def test_all_in_one_agrees_with_everything_recorded(
        all_in_one_fixture, capsys):
    code, report = run(all_in_one_fixture, capsys)
    assert code == 0
    assert report['model'] == 'All-in-one'
    assert report['not_compared'] == []
    assert [row['name'] for row in report['rows'] if not row['ok']] == []
    names = {row['name'] for row in report['rows']}
    assert {'outputs_permuted.patch_index', 'outputs.itm_wpa_loss',
            'outputs.irtr_scores', 'outputs.multiple_choice_loss',
            'meltr_permuted.hypergrad_pri_ind_itc_val_loss',
            'meltr.meta_step_state_dict_after.encoder.norm2.bias',
            'retrieval.video_to_text.R1'} <= names
    double = [row for row in report['rows']
              if row['name'].startswith('meltr_float64.hypergrad')]
    assert {row['variant'] for row in double} == {
        'vjp', 'jvp', 'double_backward'}
    assert max(row['error'] / row['tolerance'] for row in double) < 0.1


def test_tables_of_univl(fixture_path, tmp_path, capsys):
    code, report = run(fixture_path('univl_extra.pt'), capsys)
    assert code == 0 and report['not_compared'] == []
    assert {row['name'] for row in report['rows']} == {
        'ranking_losses', 'retrieval_metrics', 'bert_adam', 'beam_table',
        'optimizer_groups', 'tokenizer', 'youcook', 'msrvtt'}
    extra = torch.load(fixture_path('univl_extra.pt'), weights_only=True)
    extra['tokenizer']['ids'][0][0] += 1
    torch.save(extra, tmp_path / 'extra.pt')
    code, report = run(tmp_path / 'extra.pt', capsys)
    assert code == 1


def test_s3d_agrees_with_everything_recorded(fixture_path, capsys):
    code, report = run(fixture_path('s3d_a.pt'), capsys)
    assert code == 0
    assert report['model'] == 'S3D'
    assert report['not_compared'] == []
    names = {row['name'] for row in report['rows']}
    assert {'shapes', 'case0.features', 'case1.stages.mixed_5c.head'} <= names


def test_s3d_notices_another_video(fixture_path, capsys, tmp_path):
    fixture = torch.load(fixture_path('s3d_a.pt'), weights_only=True)
    fixture['cases'][1]['video'] = fixture['cases'][1]['video'].flip(1)
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert 'case1.features' in failed and 'case0.features' not in failed


@pytest.mark.parametrize('entry, failing, holding', [
    ('video', {'outputs.visual_embed', 'meltr.losses',
               'outputs.video_embed'}, {'outputs.text_embed'}),
    ('patch_perm', {'outputs_permuted.joint_hidden',
                    'outputs_permuted.patch_index'},
     {'outputs_permuted.video_embed', 'outputs.joint_hidden'}),
    ('false_video', {'outputs.itm_wpa_loss'}, {'outputs.irtr_scores'}),
])
def test_all_in_one_notices_other_inputs(
        entry, failing, holding, all_in_one_fixture, capsys, tmp_path):
    fixture = torch.load(all_in_one_fixture, weights_only=True)
    fixture['inputs'][entry] = fixture['inputs'][entry].flip(1)
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert failing <= failed
    assert not holding & failed


def test_altered_and_extra_results_fail(violet_fixture, capsys, tmp_path):
    fixture = torch.load(violet_fixture, weights_only=True)
    fixture['outputs']['out_mvm'][0, 0, 0] += 0.01
    fixture['outputs']['unheard_of'] = torch.zeros(1)
    # An answer outside the vocabulary changes the target loss only.
    fixture['inputs']['ans'][1] = -1
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    assert report['not_compared'] == ['outputs.unheard_of']
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert {'outputs.out_mvm', 'outputs.loss_task', 'meltr.input'} <= failed
    assert not {'outputs.out_mtm', 'outputs.loss_mvm'} & failed


def test_univl_agrees_with_everything_recorded(univl_fixture, capsys):
    code, report = run(univl_fixture, capsys)
    assert code == 0
    assert report['model'] == 'UniVL'
    assert report['not_compared'] == []
    assert [row['name'] for row in report['rows'] if not row['ok']] == []
    raw = {(row['name'], row['variant']) for row in report['rows']
           if row['name'].endswith('_reg.raw.fc1.weight')}
    assert {variant for _, variant in raw} == {'vjp', 'jvp',
                                               'double_backward'}
    names = {row['name'] for row in report['rows']}
    assert {'outputs.loss_m_decoder', 'caption.all_beam5_sequences',
            'caption.all_references', 'retrieval.MR',
            'outputs.masked_aligned_similarity', 'meltr.task_weights',
            'meltr.hyper_decoder_noreg.p_grad_clip50.fc1.weight'} <= names


def test_altered_univl_results_fail(univl_fixture, capsys, tmp_path):
    fixture = torch.load(univl_fixture, weights_only=True)
    fixture['caption']['two_beam5_all_hypotheses'][1][3][0] += 1
    fixture['retrieval']['MR'] += 1
    scenario = fixture['meltr']['hyper_alignment_noreg']
    scenario['raw']['fc1.weight'] *= -1
    scenario['p_grad_clip50']['fc1.weight'][0, 0] *= 1.01
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    path = 'meltr.hyper_alignment_noreg'
    assert failed == {
        'caption.two_beam5_all_hypotheses', 'retrieval.MR',
        f'{path}.raw.fc1.weight', f'{path}.p_grad_clip50.fc1.weight'}


def test_univl_training_agrees_step_by_step(univl_training_fixture, capsys):
    code, report = run(univl_training_fixture, capsys)
    assert code == 0
    assert report['model'] == 'UniVL training'
    assert report['not_compared'] == []
    variants = {}
    for row in report['rows']:
        variants.setdefault(row['name'], set()).add(row['variant'])
    # 8 updates, 3 of them followed by a meta step.
    for name in ('net_losses.13', 'meltr_outputs.10',
                 'meta_grads.2.fc1.weight', 'main_total_grad_norm'):
        assert variants[f'record.{name}'] == {'vjp', 'jvp', 'double_backward'}
    assert 'final_params.decoder.classifier.cls.predictions.bias' in variants
    assert_moved(univl_training_fixture, 'init_state', 'final_params', 5e-4,
                 still=('key.bias', 'similarity_dense.bias', 'pooler.dense'))


def test_all_in_one_training_agrees_step_by_step(all_in_one_training_fixture):
    # As it is typed: the logger prints to stdout, too.
    result = subprocess.run(
        [sys.executable, parity.__file__, all_in_one_training_fixture,
         '--json'], capture_output=True, text=True, env=environment())
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report['model'] == 'All-in-one training'
    assert report['not_compared'] == []
    variants = {}
    for row in report['rows']:
        variants.setdefault(row['name'], set()).add(row['variant'])
    for name in ('events.13.meltr_calls', 'events.13.main_param_norm',
                 'final_state_dict.transformer.temporal_embed'):
        assert variants[name] == {'vjp', 'jvp', 'double_backward'}
    assert_moved(all_in_one_training_fixture, 'init_state_dict',
                 'final_state_dict', 1e-4, still=('pooler.dense', 'norm2.bias',
                                                  'token_type_embeddings'))


def assert_moved(path, before, after, distance, still):
    """The training changed its weights by more than what is tolerated."""
    fixture = torch.load(path, weights_only=True)
    unmoved = [
        name for name, weight in fixture[after].items()
        if (weight - fixture[before].get(name, weight)).abs().max() < distance
        and name in fixture[before]
    ]
    assert all(any(part in name for part in still) for name in unmoved)


def test_another_draw_of_a_training_is_noticed(univl_training_fixture, capsys,
                                               tmp_path):
    fixture = torch.load(univl_training_fixture, weights_only=True)
    # In the last meta step, so that the steps before still agree.
    fixture['record']['draws'][-1]['index'] -= 1
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert {'record.net_losses.12', 'record.meta_grads.2.fc1.weight',
            'meltr_final.fc1.weight'} <= failed
    assert not {'record.net_losses.9', 'record.meta_grads.1.fc1.weight',
                'record.meltr_outputs.8'} & failed


@pytest.mark.parametrize('hyper, agree, differ', [
    # The primary loss of the first meta step has no regulariser now.
    (dict(use_reg=False), range(3), 'record.meta_grads.0.fc1.weight'),
    # No gradient of this recording was long enough to be clipped.
    (dict(global_clip=None, max_grad_norm_per_param=-1.), range(14), None),
    (dict(schedule='warmup_linear'), [0],
     'final_params.similarity_dense.weight'),
])
def test_other_settings_of_a_training_are_replayed(
        hyper, agree, differ, univl_training_fixture, capsys, tmp_path):
    fixture = torch.load(univl_training_fixture, weights_only=True)
    fixture['hyper'].update(hyper)
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert code == bool(failed) == bool(differ)
    assert not {f'record.net_losses.{i}' for i in agree} & failed
    assert differ in failed or not differ


def test_another_batch_of_a_training_is_noticed(
        all_in_one_training_fixture, capsys, tmp_path):
    fixture = torch.load(all_in_one_training_fixture, weights_only=True)
    fixture['events'][5]['batch_id'] += -1 if fixture['events'][5][
        'batch_id'] else 1
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert {'events.5.meltr_calls', 'events.5.history_after',
            'events.6.main_param_norm'} <= failed
    assert not {f'events.{i}.{key}' for i in range(5)
                for key in ('meltr_calls', 'main_param_norm')} & failed


@pytest.mark.parametrize('content, message', [
    ([1, 2], 'must be a dict with a config'),
    (dict(config=dict()), 'none of them'),
    (dict(config=dict(task='vcr')), "this fixture is of 'vcr'"),
    (dict(config=dict(task='qaoe')), 'of VIOLET must have an entry'),
    (dict(config=dict(current_tasks=[])), 'of All-in-one must have an entry'),
    (dict(config=dict(), task_order=[]), 'of UniVL must have an entry'),
    (dict(config=dict(), record=dict()),
     'of UniVL training must have an entry'),
    (dict(config=dict(), events=[]),
     'of All-in-one training must have an entry'),
])
def test_other_files_are_refused_in_one_line(content, message, capsys,
                                             tmp_path):
    torch.save(content, tmp_path / 'file.pt')
    assert parity.main([str(tmp_path / 'file.pt')]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1


def test_altered_masks_of_options_fail(fixture_path, capsys, tmp_path):
    fixture = torch.load(
        fixture_path('violet_qamc_a.pt'), weights_only=True)
    fixture['alt_token_mask']['ans_mtm'][0, 0, 2] = 115
    torch.save(fixture, tmp_path / 'altered.pt')
    code, report = run(tmp_path / 'altered.pt', capsys)
    assert code == 1
    failed = {row['name'] for row in report['rows'] if not row['ok']}
    assert {'alt_token_mask.m_txt', 'alt_token_mask.out_mtm'} <= failed


def test_report_fails_on_shape_nan_and_omission():
    report = Report(['a', 'b'])
    report.close('a', torch.zeros(2), torch.zeros(3), 1.)
    report.close('a', torch.tensor([float('nan')]), torch.ones(1), 1.)
    report.close('a', torch.tensor([1.0005]), torch.ones(1), 1e-3)
    assert [row.ok for row in report.rows] == [False, False, True]
    assert report.not_compared == ['b']
    assert 'b: NOT COMPARED' in str(report)


def test_lists_must_be_the_same():
    report = Report([])
    report.same('a', [[1], [2]], [[1], [2]])
    report.same('a', [[1], [2]], [[1], [3]])
    report.same('a', [[1]], [[1], [2]])
    assert [row.ok for row in report.rows] == [True, False, False]


def test_recorded_leaves_settings_out():
    fixture = dict(
        out=dict(x=1, deep=dict(y=[2])), meltr=dict(config=dict(n=1), z=3))
    assert recorded(fixture, ('out', 'meltr', 'absent'),
                    ('meltr.config', )) == ['out.x', 'out.deep.y', 'meltr.z']
