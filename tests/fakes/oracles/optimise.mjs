// node optimise.mjs IN OUT TIMES [RATIO]: glTF Transform's `optimize`, without its simplification unless a ratio is given.
// Prints the bytes, the triangles, and the CPU time of each run in milliseconds.
import { readFileSync, writeFileSync } from "node:fs";
import { Logger, NodeIO } from "@gltf-transform/core";
import { ALL_EXTENSIONS } from "@gltf-transform/extensions";
import { dedup, flatten, getSceneVertexCount, join, meshopt, prune, resample, simplify, textureCompress, VertexCountMethod, weld } from "@gltf-transform/functions";
import { MeshoptDecoder, MeshoptEncoder, MeshoptSimplifier } from "meshoptimizer";
import sharp from "sharp";

const [source, target, times, ratio] = process.argv.slice(2);
await Promise.all([MeshoptDecoder.ready, MeshoptEncoder.ready, MeshoptSimplifier.ready]);
const io = new NodeIO()
  .setLogger(new Logger(Logger.Verbosity.SILENT))
  .registerExtensions(ALL_EXTENSIONS)
  .registerDependencies({ "meshopt.decoder": MeshoptDecoder, "meshopt.encoder": MeshoptEncoder });
const content = new Uint8Array(readFileSync(source));
const ms = [];
let made, triangles;
for (let run = 0; run < Number(times); run++) {
  const before = process.cpuUsage();
  const document = await io.readBinary(content);
  document.setLogger(io.getLogger?.() ?? new Logger(Logger.Verbosity.SILENT));
  const steps = [dedup(), flatten(), join(), weld()];
  if (ratio) steps.push(simplify({ simplifier: MeshoptSimplifier, ratio: Number(ratio), error: 0.01 }));
  steps.push(resample(), prune(), textureCompress({ encoder: sharp, targetFormat: "webp", resize: [2048, 2048] }));
  steps.push(meshopt({ encoder: MeshoptEncoder, level: "high" }));
  await document.transform(...steps);
  made = await io.writeBinary(document);
  triangles = getSceneVertexCount(document.getRoot().getDefaultScene() ?? document.getRoot().listScenes()[0], VertexCountMethod.RENDER) / 3;
  const used = process.cpuUsage(before);
  ms.push(Math.round((used.user + used.system) / 1000));
}
writeFileSync(target, made);
console.log(JSON.stringify({ bytes: made.byteLength, triangles, ms }));
