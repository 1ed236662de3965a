// Node-RED as a hotel would run it, without the editor: only the flow is measured.
module.exports = {
  flowFile: "flows.json",
  uiPort: Number(process.env.FLOW_PORT),
  uiHost: "127.0.0.1",
  httpAdminRoot: false,
  credentialSecret: false,
  diagnostics: { enabled: false },
  telemetry: { enabled: false, updateNotification: false },
  functionExternalModules: true,
  contextStorage: { default: { module: "memory" } },
  logging: { console: { level: "info", metrics: false, audit: false } },
};
