import { join } from "node:path";
import type { Peer } from "./peer.ts";
import { freePort, listens, missingFile, startProgram } from "./program.ts";

const HOME = "/usr/share/activemq";
const JAR = join(HOME, "bin", "activemq.jar");
const TITLE = "ActiveMQ";
/** What Debian starts it with. */
const JAVA = ["-Xms512M", "-Xmx512M", "-Dorg.apache.activemq.UseDedicatedTaskRunner=true"];

/** ActiveMQ Classic over TCP: Debian's package has no WebSocket transport. */
export const activemq: Peer = {
  name: "activemq",
  title: TITLE,
  // Its figures double between the third and the thirtieth second of a load.
  warmUpSeconds: 10,
  isLasting: true,
  missing: () => missingFile(TITLE, JAR),
  start: async ({ folder }) => {
    const port = freePort();
    await Bun.write(join(folder, "activemq.xml"), configuration(folder, port));
    const places = { home: HOME, base: folder, conf: folder, data: join(folder, "data") };
    const command = [
      "java",
      ...JAVA,
      ...Object.entries(places).map(([name, path]) => `-Dactivemq.${name}=${path}`),
      ...["-jar", JAR, "start", `xbean:file:${join(folder, "activemq.xml")}`],
    ];
    const broker = startProgram(command, { title: TITLE, folder });
    await broker.waitFor(`port ${port}`, () => listens(port));
    const packages = ["dpkg-query", "--show", "--showformat", "${Version}", "activemq"];
    const java = Bun.spawnSync(["java", "-version"]).stderr.toString();
    return {
      url: `tcp://127.0.0.1:${port}`,
      flags: [],
      pids: [broker.pid],
      version: Bun.spawnSync(packages).stdout.toString().trim(),
      settings:
        `Debian's configuration and Java options (${JAVA.join(" ")}) with a STOMP connector over ` +
        `TCP added, on ${/"(.*)"/.exec(java)?.[1] ?? "some"} of Java; Nagle's algorithm is on, ` +
        "which is its default",
      stop: broker.stop,
    };
  },
};

/** Debian's instance "main" with STOMP in place of OpenWire. */
function configuration(folder: string, port: number): string {
  const schema = "http://activemq.apache.org/schema/core";
  const beans = "http://www.springframework.org/schema/beans";
  return `<beans xmlns="${beans}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="${beans} ${beans}/spring-beans-2.0.xsd ${schema} ${schema}/activemq-core.xsd">
  <broker xmlns="${schema}" useJmx="false" brokerName="localhost" dataDirectory="${folder}/data">
    <persistenceAdapter><kahaDB directory="${folder}/data/kahadb"/></persistenceAdapter>
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:${port}"/>
    </transportConnectors>
  </broker>
</beans>
`;
}
