// docker buildx bake: builds an image for several platforms, after the emulators are registered.
variable "IMAGE" {
  default = "docker.io/owner/name"
}

group "default" {
  targets = ["image"]
}

target "image" {
  tags      = ["${IMAGE}:latest"]
  platforms = ["linux/amd64", "linux/arm64", "linux/riscv64"]
  dockerfile-inline = <<END
ARG BASE=alpine
FROM $BASE
RUN --network=none uname -m > /machine
END
}
