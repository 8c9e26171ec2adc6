# All-in-one + MELTR, open-ended QA on MSVD-QA.
#
#   python tools/train.py configs/meltr_all_in_one_msvdqa.py
#
# Data: data/msvd/ (docs/data/msvd_qa.md):
#   msvd_train.jsonl, msvd_val.jsonl, msvd_test.jsonl
#                             question, answer, video_id (a number)
#   msvd_answer_set.txt       the 1000 answers, one per line
#   msvd_youtube_mapping.txt  '<clip name> vid<number>'
#   videos/*.avi
# MSRVTT-QA has such files, too: data_root, three ann_file and vocab_file of
# its own, mapping_file=None, video_suffix='.mp4' and num_answers=1501.
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: no number of this model with MELTR.
# Hyper-parameters: `task_finetune_msvdqa` of the official config.py (batch
# 512, 20 epochs, lr 1e-4, heads ten times that); MELTR as for retrieval.
# A whole run: 20 epochs of 30,933 questions, 512 per update on 8 GPUs: 1,205
# updates, 121 meta steps.
# Memory (docs/costs.md): 23.9 GiB of tensors in an update of 16 per GPU, 25.2
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/all_in_one.py']

data_root = '{{$MELTR_DATA:data}}/msvd'

train_set = dict(
    type='QALinesDataset',
    data_root='${data_root}',
    ann_file='msvd_train.jsonl',
    vocab_file='msvd_answer_set.txt',
    mapping_file='msvd_youtube_mapping.txt',
    video_suffix='.avi',
    pipeline=['${train_inputs}'])
# Officially the test file serves for validation as well.
val_set = dict(
    train_set,
    ann_file='msvd_val.jsonl',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set, ann_file='msvd_test.jsonl')

# MELTR's recipe for this model knows retrieval only; MLM is the objective of
# All-in-one's pre-training that questions have, too. The answers and, as
# officially, one output that is never right.
model = dict(
    model=dict(
        heads=dict(
            _delete_=True, mlm=dict(),
            qa=dict(num_answers=1001, dropout=0.5)),
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
