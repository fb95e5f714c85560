-- What code lenses and fixes of the server name: the page of a code, the script, and runs in a terminal of their own.
local config = require("dslc.config")

local M = {}

local function client_of(context)
  return vim.lsp.get_client_by_id(context.client_id)
end

local function explain(command, context)
  local params = { command = command.command, arguments = command.arguments }
  config.request(client_of(context), "workspace/executeCommand", params, function(problem, text)
    if not problem and type(text) == "string" then
      vim.lsp.util.open_floating_preview(vim.split(text, "\n", { plain = true }), "markdown", { border = "single" })
    end
  end, context.bufnr)
end

local function open_script(command, context)
  require("dslc.script").open(client_of(context), vim.uri_to_bufnr(command.arguments[1]), "", command.arguments[2])
end

-- `dslc run --model Net -- spec.dl`, without a shell.
local function run(verb)
  return function(command, context)
    local program = vim.list_slice(client_of(context).config.cmd)
    if program[#program] == "lsp" then
      table.remove(program)
    end
    local path, model = vim.uri_to_fname(command.arguments[1]), command.arguments[2]
    vim.list_extend(program, { verb })
    vim.list_extend(program, verb == "verify" and {} or { "--backend", M.backend })
    vim.list_extend(program, { "--model", model, "--", path })
    vim.cmd("silent update")
    vim.cmd("botright new")
    vim.fn.termopen(program)
  end
end

-- The framework of what is compiled and run from a lens.
M.backend = "keras"

function M.register(backend)
  M.backend = backend or M.backend
  vim.lsp.commands["dslc.explain"] = explain
  vim.lsp.commands["dslc.openScript"] = open_script
  for _, verb in ipairs({ "compile", "verify", "run" }) do
    vim.lsp.commands["dslc." .. verb] = run(verb)
  end
end

return M
