# UniVL + MELTR on YouCook2 retrieval: the released command.
#
#   python tools/train.py configs/official/meltr_univl_youcook2_retrieval.py
#
# Data: as configs/meltr_univl_youcook2_retrieval.py says. Weights:
#   python tools/convert/univl.py univl.pretrained.bin \
#       checkpoints/univl.pth
# and --cfg-options load_from=checkpoints/univl.pth
# Paper: R@1 / R@5 / R@10 33.7 / 63.1 / 74.8, MedR 3.
# Differs from ours: BERT's Adam at 1e-4 for one epoch of a rate that falls
# over four, no regulariser, 20 words and 100 frames, losses that count [PAD]
# and compare a pair with itself; queries with ties count once for each; no
# choice of a checkpoint.
# A whole run: some 10,330 clips (docs/data/youcook2.md), 128 per update (8
# GPUs of 16), the last batch left out: 80 updates, 27 meta steps.
# Memory (docs/costs.md): 13.8 GiB of tensors in an update of 16 per GPU, 16.4
# in one with a meta step.
_base_ = [
    '../meltr_univl_youcook2_retrieval.py',
    '../_base_/official_univl.py'
]
_base_.merge(_base_.pop('official'))

val_evaluator = dict(type='TextVideoRetrievalMetric', ties='official')
test_evaluator = val_evaluator

work_dir = './work_dirs/official/meltr_univl_youcook2_retrieval'
