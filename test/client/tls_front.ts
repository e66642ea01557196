import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A TLS listener that hands everything on to a port without TLS, as a proxy in front of a broker does. */
export interface TlsFront {
  readonly port: number;
  /** The certificate that it shows, for `localhost`, signed by itself; PEM. */
  readonly certificate: string;
  readonly stop: () => void;
}

/** Why there can be no {@link TlsFront} here; undefined where there can. In CI there must be one. */
export const NO_TLS_FRONT: string | undefined =
  Bun.which("openssl") === null && process.env.CI !== "true"
    ? "openssl is not installed"
    : undefined;

interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** Has openssl make a key and a certificate for that name, which signs itself. */
export function makeCertificate(name: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-tls-"));
  const [keyFile, file] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const made = Bun.spawnSync(
      [
        ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-nodes", "-keyout", keyFile, "-out", file, "-days", "2", "-subj", `/CN=${name}`],
        ...["-addext", `subjectAltName=DNS:${name}`],
      ],
      { stdout: "ignore", stderr: "pipe" },
    );
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
    return { key: readFileSync(keyFile, "utf8"), certificate: readFileSync(file, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One direction of a pair of sockets: what one side does not take yet waits. */
interface Pipe {
  readonly push: (bytes: Uint8Array) => void;
  readonly flush: () => void;
}

function createPipe(to: () => { write: (bytes: Uint8Array) => number } | undefined): Pipe {
  let waiting: Uint8Array = new Uint8Array(0);
  const flush = (): void => {
    const socket = to();
    if (socket === undefined || waiting.length === 0) return;
    waiting = waiting.subarray(Math.max(0, socket.write(waiting)));
  };
  return {
    push: (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      flush();
    },
    flush,
  };
}

interface Pair {
  readonly inward: Pipe;
  readonly outward: Pipe;
  end: () => void;
}

/** Starts a front of the port `to`. It must be stopped. */
export function startTlsFront(to: number, { key, certificate }: Certificate): TlsFront {
  const listener = Bun.listen<{ pair: Pair | undefined }>({
    hostname: "127.0.0.1",
    port: 0,
    tls: { key, cert: certificate },
    data: { pair: undefined },
    socket: {
      open: (client) => {
        let broker: Bun.Socket | undefined;
        const inward = createPipe(() => broker);
        const outward = createPipe(() => client);
        const pair: Pair = { inward, outward, end: () => broker?.end() };
        client.data = { pair };
        Bun.connect({
          hostname: "127.0.0.1",
          port: to,
          socket: {
            open: (socket) => {
              broker = socket;
              inward.flush();
            },
            data: (_socket, bytes) => outward.push(new Uint8Array(bytes)),
            drain: inward.flush,
            close: () => {
              client.end();
            },
          },
        }).catch(() => client.end());
      },
      data: ({ data }, bytes) => data.pair?.inward.push(new Uint8Array(bytes)),
      drain: ({ data }) => data.pair?.outward.flush(),
      close: ({ data }) => data.pair?.end(),
    },
  });
  return { port: listener.port, certificate, stop: () => listener.stop(true) };
}
