# The same two commands as on any machine:
#
#   docker build -t kmodtest .
#   docker run --rm kmodtest                # make run
#   docker run --rm kmodtest make check
#
# To keep the kernels between runs: -v kmodtest-cache:/root/.cache/kmodtest
# For KVM if the host has it:       --device /dev/kvm
FROM debian:bookworm-slim
WORKDIR /src/kmodtest

# Install the packages first, so that a change in the sources does not fetch them again.
COPY tools/ tools/
RUN tools/install-dependencies.sh --check && apt-get clean

COPY . .
RUN make build
ENV PATH=/src/kmodtest/build:$PATH
CMD ["make", "run"]
