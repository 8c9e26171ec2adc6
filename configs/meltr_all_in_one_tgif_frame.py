# All-in-one + MELTR, open-ended QA on TGIF-QA, FrameQA.
#
#   python tools/train.py configs/meltr_all_in_one_tgif_frame.py
#
# Data: data/tgif/ (docs/data/tgif_qa.md):
#   frameqa_train.jsonl, frameqa_test.jsonl  gif_name, question, answer
#   frameqa_trainval_ans2label.json          the 1540 answers
#   gifs/*.gif
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: `task_finetune_tgifqa` of the official config.py (batch
# 512, 20 epochs, lr 1e-4, heads ten times that); MELTR as for retrieval.
# A whole run: 20 epochs of nine tenths of 39,392 questions, 512 per update on
# 8 GPUs: about 1,385 updates, 139 meta steps.
# Memory (docs/costs.md): 23.9 GiB of tensors in an update of 16 per GPU, 25.2
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/all_in_one.py']

data_root = '{{$MELTR_DATA:data}}/tgif'
# GIFs keep their proportions.
resize = [(-1, 268)]

# There is no validation file, so a tenth of the training GIFs is kept out.
# Officially the test file serves for validation.
train_set = dict(
    type='SeededSplit',
    part='train',
    dataset=dict(
        type='QALinesDataset',
        data_root='${data_root}',
        ann_file='frameqa_train.jsonl',
        vocab_file='frameqa_trainval_ans2label.json',
        video_key='gif_name',
        data_prefix=dict(video='gifs'),
        video_suffix='.gif',
        pipeline=['${train_inputs}']))
val_set = dict(
    train_set,
    part='val',
    dataset=dict(
        train_set['dataset'], test_mode=True, pipeline=['${test_inputs}']))
test_set = dict(val_set['dataset'], ann_file='frameqa_test.jsonl')

# MELTR's recipe for this model knows retrieval only; MLM is the objective of
# All-in-one's pre-training that questions have, too. The answers and, as
# officially, one output that is never right.
model = dict(
    model=dict(
        heads=dict(
            _delete_=True, mlm=dict(),
            qa=dict(num_answers=1541, dropout=0.5)),
        target='qa'),
    losses=['loss_mlm', 'loss_qa'],
    primary='loss_qa')

optim_wrapper = dict(
    optimizer=dict(lr=1e-4),
    # 512 questions per update on 8 GPUs.
    accumulative_counts=4)
warmup_epochs = 2
train_cfg = dict(max_epochs=20)
# Officially questions with an unknown answer are left out: that is
# `qa/accuracy_known`; `qa/accuracy` is over all questions.
val_evaluator = dict(type='OpenEndedQAMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
