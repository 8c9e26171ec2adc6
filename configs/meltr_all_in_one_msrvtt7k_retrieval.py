# All-in-one + MELTR, text-to-video retrieval on MSRVTT, 7,010 training clips.
#
#   python tools/train.py configs/meltr_all_in_one_msrvtt7k_retrieval.py
#
# Data: data/msrvtt/ (docs/data/msrvtt.md):
#   MSR_VTT.json                 all captions
#   train_list_7k.txt, train_list_9k.txt, val_list_jsfusion.txt
#   jsfusion_val_caption_idx.pkl the caption of each of the 1000 test videos
#   videos/*.mp4
# Weights: `all-in-one-plus-224.ckpt` of the authors of All-in-one, converted
# with
#   python tools/convert/all_in_one.py all-in-one-plus-224.ckpt \
#       checkpoints/all_in_one.pth
# and given as --cfg-options load_from=checkpoints/all_in_one.pth
# Paper: R@1 / R@5 / R@10 38.6 / 74.4 / 84.7.
# Hyper-parameters: `msrvtt_retrieval_MELTR` of the official config.py (batch
# 16 per GPU on 8 GPUs, two per update, 200 epochs, lr 3e-4, MELTR 1e-4, gamma
# 0.1, every 5).
#
# The target task is retrieval, so the primary loss is the contrastive one.
# The official code takes the first of its tasks, which is MLM:
# `model.primary=loss_mlm` as one of the --cfg-options reproduces it.
# A whole run: 200 epochs of 7,010 videos, 256 per update on 8 GPUs: 5,400
# updates, 540 meta steps. What differs from the published recipe:
# configs/official.
# Memory (docs/costs.md): 23.5 GiB of tensors in an update of 16 per GPU, 24.7
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/all_in_one.py']

data_root = '{{$MELTR_DATA:data}}/msrvtt'
text_key = 'caption'

train_set = dict(
    type='MSRVTTListDataset',
    data_root='${data_root}',
    ann_file='MSR_VTT.json',
    list_file='train_list_7k.txt',
    pipeline=['${train_inputs}'])
# The test set is the only other one that the files define, and officially
# chooses the checkpoint.
val_set = dict(
    train_set,
    list_file='val_list_jsfusion.txt',
    caption_index_file='jsfusion_val_caption_idx.pkl',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set)

# 256 pairs per update on 8 GPUs. The official code clears the gradient after
# each batch, so that its updates have half of that.
optim_wrapper = dict(accumulative_counts=2)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
# Text to video is `t2i`, video to text `i2t`.
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
