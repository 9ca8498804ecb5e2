FROM python:3.12-slim
ARG REVISION
ENV BUILD=$REVISION
RUN apt-get update && apt-get install -y git
COPY requirements.txt /
RUN pip install -r /requirements.txt
