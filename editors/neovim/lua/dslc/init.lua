-- The language server of dslc in Neovim 0.7 and newer: `require("dslc").setup()`.
--
-- setup({
--   cmd = { "dslc", "lsp" },     how the server is started; by default `.venv` of the project, then the search path
--   hints = true,                shapes and parameters behind the steps
--   on_attach = function(client, buffer) end,
--   init_options = {},           `backend = "torch"` and so on: see docs/editors.md of dslc
-- })
local config = require("dslc.config")

local M = {}
local clients = {} -- by root, for versions without `vim.lsp.start`

local function attached(options)
  return function(client, buffer)
    if options.hints ~= false then
      if vim.lsp.inlay_hint and vim.lsp.inlay_hint.enable then
        pcall(vim.lsp.inlay_hint.enable, true, { bufnr = buffer })
      else
        require("dslc.hints").attach(client, buffer)
      end
    end
    require("dslc.script").attach(client, buffer)
    if options.on_attach then
      options.on_attach(client, buffer)
    end
  end
end

local function start(options, buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  local root = config.root_of(name ~= "" and name or vim.fn.getcwd() .. "/untitled.dl")
  local wanted = vim.tbl_deep_extend("force", config.defaults(root), options)
  wanted.root_dir = root
  wanted.hints = nil
  wanted.on_attach = attached(options)
  if vim.lsp.start then
    return vim.lsp.start(wanted, { bufnr = buffer })
  end
  local id = clients[root]
  if not id or not vim.lsp.get_client_by_id(id) then
    id = vim.lsp.start_client(wanted)
    clients[root] = id
  end
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
  return id
end

function M.setup(options)
  options = options or {}
  require("dslc.commands").register((options.init_options or {}).backend)
  if vim.lsp.config and vim.lsp.enable then
    local wanted = vim.tbl_deep_extend("force", {}, options)
    wanted.hints = nil
    wanted.on_attach = attached(options)
    vim.lsp.config("dslc", wanted)
    vim.lsp.enable("dslc")
    return
  end
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "dslc",
    group = vim.api.nvim_create_augroup("dslc", {}),
    callback = function(event)
      start(options, event.buf)
    end,
  })
end

return M
