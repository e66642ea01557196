#!/usr/bin/env bash
# Installs what stompbox is compared with, on Debian and its kin: RabbitMQ,
# ActiveMQ and nats-server from apt, stomp-broker-js from npm into this folder.
# Nothing of it is started, now or at boot: bench/compare.ts runs its own.
set -euo pipefail
cd "$(dirname "$0")"

packages=(rabbitmq-server activemq nats-server)
policy=/usr/sbin/policy-rc.d

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null |
    grep -qx installed || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "Cannot install ${missing[*]}: apt-get needs root, expected sudo $0" >&2
    exit 1
  fi
  # Debian starts a service when it installs one, unless this says no.
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -q -y --no-install-recommends "${missing[@]}"
  if [ -d /run/systemd/system ]; then
    for package in "${missing[@]}"; do
      systemctl disable --now "$package" 2> /dev/null || true
    done
  fi
fi

if [ ! -d node_modules/stomp-broker-js ]; then
  npm install --prefix . --no-save --no-package-lock --no-audit --no-fund stomp-broker-js@1.3.0
fi

for package in "${packages[@]}"; do
  dpkg-query --show "$package"
done
node -p '`stomp-broker-js\t${require("./node_modules/stomp-broker-js/package.json").version}`'
