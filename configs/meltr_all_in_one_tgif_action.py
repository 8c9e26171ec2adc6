# All-in-one + MELTR, multiple-choice QA on TGIF-QA, repeating actions.
#
#   python tools/train.py configs/meltr_all_in_one_tgif_action.py
#
# Data: data/tgif/ (docs/data/tgif_qa.md):
#   action_train.jsonl, action_test.jsonl  gif_name, question, options, answer
#   gifs/*.gif
# State transitions have such files, too: `task='transition'` as one of the
# --cfg-options.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: `task_finetune_tgif_action_trans` of the official
# config.py (batch 512, 100 epochs, lr 1e-4, heads ten times that); MELTR as
# for retrieval.
# A whole run: 100 epochs of nine tenths of 20,475 questions, 512 per update on
# 8 GPUs: about 3,600 updates, 360 meta steps.
# Memory (docs/costs.md): 67.9 GiB of tensors in an update of 16 per GPU, 69.6
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/all_in_one.py']

data_root = '{{$MELTR_DATA:data}}/tgif'
# GIFs keep their proportions.
resize = [(-1, 268)]
# The official text of an option lists all five first, without spaces between
# the parts, and is often cut where they differ:
#   template = '{question}Options: {options}Answer: {option}'
text_key = 'options'
template = '{question} {option}'
test_inputs = dict(template='${template}')
train_inputs = dict(template='${template}')
task = 'action'

# There is no validation file, so a tenth of the training GIFs is kept out.
# Officially the test file serves for validation.
train_set = dict(
    type='SeededSplit',
    part='train',
    dataset=dict(
        type='ChoiceLinesDataset',
        data_root='${data_root}',
        ann_file='${task}_train.jsonl',
        video_key='gif_name',
        data_prefix=dict(video='gifs'),
        video_suffix='.gif',
        pipeline=['${train_inputs}']))
val_set = dict(
    train_set,
    part='val',
    dataset=dict(
        train_set['dataset'], test_mode=True, pipeline=['${test_inputs}']))
test_set = dict(val_set['dataset'], ann_file='${task}_test.jsonl')

model = dict(
    model=dict(
        heads=dict(_delete_=True, mlm=dict(), mc=dict(dropout=0.1)),
        target='mc'),
    losses=['loss_mlm', 'loss_mc'],
    primary='loss_mc')

optim_wrapper = dict(
    optimizer=dict(lr=1e-4),
    # 512 questions per update on 8 GPUs.
    accumulative_counts=4)
warmup_epochs = 10
train_cfg = dict(max_epochs=100)
val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
