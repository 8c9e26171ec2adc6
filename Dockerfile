# docker build --target cpu -t meltr_mm:cpu .
# docker build --target cuda -t meltr_mm:cuda .
# docker run --gpus all --shm-size 8g -v "$PWD/data:/meltr_mm/data" \
#     -it meltr_mm:cuda
#
# The CUDA libraries come with torch's wheels; the host needs the driver, and
# the NVIDIA container toolkit.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS base
ENV PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# OpenCV's wheel is linked with these.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        git libgl1 libglib2.0-0 libxcb1 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /meltr_mm
COPY requirements requirements

FROM base AS cpu
ARG TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN pip install --index-url "$TORCH_INDEX_URL" \
        "$(grep '^torch==' requirements/environments/py311-pinned.txt)" \
    && pip install -r requirements/environments/py311-pinned.txt \
    && pip install --no-deps -r requirements/toy.txt
COPY . .
RUN pip install --no-deps -e .
CMD ["bash"]

FROM base AS cuda
ARG TORCH_INDEX_URL=https://pypi.org/simple
RUN pip install --index-url "$TORCH_INDEX_URL" \
        "$(grep '^torch==' requirements/environments/py311-pinned.txt)" \
    && pip install -r requirements/environments/py311-pinned.txt \
    && pip install --no-deps -r requirements/toy.txt
COPY . .
RUN pip install --no-deps -e .
CMD ["bash"]
