"use strict";

// Starts the language server, and hands all else to it: there is nothing to decide here.

const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

const RESTART = "ai-usage.restart";
let client;

/** Start the server as the settings say; say what to do where it cannot be. */
async function start() {
  const [command, ...args] = workspace.getConfiguration("ai-usage").get("command");
  const server = { command, args, transport: TransportKind.stdio };
  const what = { documentSelector: [{ scheme: "file", language: "python" }] };
  client = new LanguageClient("ai-usage", "AI usage suite", server, what);
  try {
    await client.start();
  } catch (error) {
    const advice = "pip install 'ai-usage-suite[lsp]', or set ai-usage.command";
    window.showErrorMessage(`${command} could not be started (${error.message}): ${advice}.`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.needsStop()) await running.stop();
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand(RESTART, restart),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("ai-usage.command")) return restart();
    }),
  );
  await start();
};

exports.deactivate = stop;
