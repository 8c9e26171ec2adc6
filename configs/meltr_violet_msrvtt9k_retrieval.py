# VIOLET + MELTR, text-to-video retrieval on MSRVTT, 9k training split.
#
#   python tools/train.py configs/meltr_violet_msrvtt9k_retrieval.py
#
# Data: data/msrvtt/ (docs/data/msrvtt.md):
#   train_9k.json, train_7k.json
#                    captions, {sentences: [{video_id, caption}]}
#   test.json        the JSFusion test set, 1000 pairs
#   img_msrvtt.pkl   {clip: [5 JPEGs, base64]}
#   msrvtt_vq.pkl    {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   videos/*.mp4     only for reading frames from the videos, with
#                    img_file=None videos.video=videos
# Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: R@1/5/10 35.5/67.2/78.4.
# Hyper-parameters: args_msrvtt-retrieval.json of the official code
# (batch 5 per GPU, 20 epochs, lr 3e-6, MELTR 3e-6, gamma 0.1, every 3).
# A whole run: 20 epochs of 180,000 captions, on one GPU: 720,000 updates,
# 72,000 meta steps. What differs from the published recipe: configs/official.
# Memory (docs/costs.md): 21.8 GiB of tensors in an update of 5 per GPU, 24.4
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/violet.py']

data_root = '{{$MELTR_DATA:data}}/msrvtt'
img_file = '${data_root}/img_msrvtt.pkl'
vq_file = '${data_root}/msrvtt_vq.pkl'
# size_txt of the official args_msrvtt-retrieval.json.
max_length = 25
text_key = 'caption'

train_set = dict(
    type='MSRVTTRetrievalDataset',
    data_root='${data_root}',
    ann_file='train_9k.json',
    data_prefix='${videos}',
    pipeline=['${train_inputs}'])
# There is no validation set, and the official code does not evaluate while it
# trains. The test set is watched; nothing is chosen by it.
val_set = dict(
    train_set,
    ann_file='test.json',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set)
val_dataloader = dict(batch_size=20)
test_dataloader = dict(batch_size=20)

model = dict(
    model=dict(
        # top_k=100 scores the 100 best of a cheap first stage only.
        task=dict(
            _delete_=True, type='VioletRetrieval', top_k=None, block=256)),
    # Sizes of the official meltr.py for the three losses of retrieval.
    meltr=dict(hidden_dims=(256, 512), feedforward_dim=512),
    losses=['loss_vtm', 'loss_mtm', 'loss_mvm'],
    primary='loss_vtm')

optim_wrapper = dict(
    optimizer=dict(lr=3e-6, weight_decay=1e-3),
    meta_optimizer=dict(lr=3e-6, weight_decay=1e-3))
# A pass over the million test pairs takes long: once, at the end.
train_cfg = dict(max_epochs=20, val_interval=20)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
