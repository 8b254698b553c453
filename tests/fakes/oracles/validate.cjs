// Reads paths of GLB files from standard input, one a line; answers each with a line of what the Khronos validator finds.
const fs = require("node:fs");
const validator = require("gltf-validator");

// Some broken pictures make it throw outside of its promise.
let thrown;
process.on("uncaughtException", (error) => thrown(error));
process.on("unhandledRejection", (error) => thrown(error));

(async () => {
  for (const path of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const fails = new Promise((_, reject) => { thrown = reject; });
    let issues;
    try {
      const bytes = new Uint8Array(fs.readFileSync(path));
      const report = await Promise.race([validator.validateBytes(bytes, { format: "glb", maxIssues: 0 }), fails]);
      issues = report.issues.messages;
    } catch (error) {
      issues = [{ code: "THROWN", severity: 0, message: String(error).slice(0, 200) }];
    }
    console.log(JSON.stringify(issues.map(({ code, severity, pointer, message }) => ({ code, severity, pointer, message }))));
  }
})();
