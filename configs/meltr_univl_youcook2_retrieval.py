# UniVL + MELTR, text-to-video retrieval on YouCook2.
#
#   python tools/train.py configs/meltr_univl_youcook2_retrieval.py
#   bash tools/dist_train.sh configs/meltr_univl_youcook2_retrieval.py 4
#
# The second has the batch below, 4 processes of 8.
#
# Data: data/youcook2/ (docs/data/youcook2.md). Weights: UniVL's pre-training
# checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper: R@1 33.7, R@5 63.1, R@10 74.8, MedR 3. Hyper-parameters: lengths,
# batch (32 in all), rate (3e-5) and epochs (5) of UniVL's README; those of
# MELTR are the defaults of its code. Which ones made the paper's numbers is
# not known: MELTR's defaults are 1e-4, batch 128 and one epoch.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/univl.py',
    '_base_/datasets/youcook2_univl.py', '_base_/schedules/aid_univl.py'
]

optim_wrapper = dict(optimizer=dict(lr=3e-5))

val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
default_hooks = dict(
    checkpoint=dict(save_best='t2i/retrieval/R@1', rule='greater'))
