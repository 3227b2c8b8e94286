import * as vscode from 'vscode';

export const dockerfileSelector: vscode.DocumentSelector = [
  { language: 'dockerfile' },
  { pattern: '**/{Dockerfile,Containerfile,Dockerfile.*,Containerfile.*,*.dockerfile,*.containerfile}' },
];

export function isDockerfile(document: vscode.TextDocument): boolean {
  return vscode.languages.match(dockerfileSelector, document) > 0;
}
