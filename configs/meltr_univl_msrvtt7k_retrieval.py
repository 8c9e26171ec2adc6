# UniVL + MELTR, text-to-video retrieval on MSRVTT, trained on 7k videos.
#
#   python tools/train.py configs/meltr_univl_msrvtt7k_retrieval.py
#   bash tools/dist_train.sh configs/meltr_univl_msrvtt7k_retrieval.py 8
#
# The second has the batch below, 8 processes of 16.
#
# Data: data/msrvtt/ (docs/data/msrvtt.md). Weights: UniVL's pre-training
# checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: R@1 28.5, R@5 55.5, R@10 67.6, MedR 4. Hyper-parameters: lengths,
# batch (128 in all), rate (5e-5) and epochs (5) of UniVL's README; those of
# MELTR are the defaults of its code. Which ones made the paper's numbers is
# not known: MELTR's defaults are 1e-4, batch 128 and one epoch.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/univl.py',
    '_base_/datasets/msrvtt_univl.py', '_base_/schedules/aid_univl.py'
]

optim_wrapper = dict(optimizer=dict(lr=5e-5))

val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
