# MSRVTT retrieval for VIOLET at full size, 9,000 training clips. For 7,010, a
# leaf replaces the training file.
#
# data/msrvtt/
#   train_9k.json, train_7k.json
#                    captions, {sentences: [{video_id, caption}]}
#   test.json        the JSFusion test set, 1000 pairs
#   img_msrvtt.pkl   {clip: [5 JPEGs, base64]}
#   msrvtt_vq.pkl    {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   videos/*.mp4     only for reading frames from the videos
_base_ = ['./violet.py']

data_root = 'data/msrvtt'
# size_txt of the official args_msrvtt-retrieval.json.
max_length = 25

# To read the videos instead of the extracted frames, replace `read_frames` by
#   read_frames = [
#       dict(type='DecordInit'),
#       dict(type='SampleFramesEvenly', clip_len=_base_.clip_len),
#       dict(type='DecordDecode'),
#   ]
# and in `captions` set data_prefix=dict(video='videos')
read_frames = [
    dict(
        type='DecodeJPEGFrames',
        img_file=f'{data_root}/img_msrvtt.pkl',
        clip_len=_base_.clip_len),
]
captions = dict(
    type='MSRVTTRetrievalDataset', data_root=data_root, data_prefix=None)

load = [
    *read_frames,
    _base_.resize,
    dict(_base_.tokenize, max_length=max_length, key='caption'),
]
train_pipeline = [
    *load,
    dict(type='MaskText'),
    dict(type='LoadVQCodes', vq_file=f'{data_root}/msrvtt_vq.pkl'),
    *_base_.pack_train,
]
test_pipeline = [*load, *_base_.pack_test]

train_dataloader = dict(
    dataset=dict(
        **captions, ann_file='train_9k.json', pipeline=train_pipeline))
# There is no validation set, and the official code does not evaluate while it
# trains. The test set is watched; nothing is chosen by it.
val_dataloader = dict(
    batch_size=20,
    dataset=dict(
        **captions,
        ann_file='test.json',
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='TextVideoRetrievalMetric')
test_evaluator = val_evaluator
