# docker build -t cfc-sp .
# With an NVIDIA GPU: docker build -t cfc-sp --build-arg EXTRA=gpu --build-arg PIP_EXTRA_INDEX_URL=<Paddle's index for your CUDA> .
FROM python:3.13-slim
ARG EXTRA=cpu
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir -c constraints.txt ".[${EXTRA},report]"
WORKDIR /clips
ENTRYPOINT ["cfc-sp"]
