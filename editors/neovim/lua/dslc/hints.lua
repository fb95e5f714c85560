-- Inlay hints for versions of Neovim that have none of their own: at the end of each line, all of its steps together.
local config = require("dslc.config")

local M = {}

local space = vim.api.nvim_create_namespace("dslc_hints")
local PAUSE = 150 -- ms without typing

local function text_of(hint)
  if type(hint.label) == "string" then
    return hint.label
  end
  return table.concat(vim.tbl_map(function(part)
    return part.value
  end, hint.label))
end

-- The text behind each line, from 0.
function M.by_line(hints)
  local lines = {}
  for _, hint in ipairs(hints) do
    local line = hint.position.line
    lines[line] = lines[line] and (lines[line] .. " → " .. text_of(hint)) or text_of(hint)
  end
  return lines
end

local function draw(buffer, hints)
  vim.api.nvim_buf_clear_namespace(buffer, space, 0, -1)
  local count = vim.api.nvim_buf_line_count(buffer)
  for line, text in pairs(M.by_line(hints)) do
    if line < count then
      vim.api.nvim_buf_set_extmark(buffer, space, line, 0, {
        virt_text = { { "  " .. text, "Comment" } },
        virt_text_pos = "eol",
        hl_mode = "combine",
      })
    end
  end
end

local function ask(client, buffer)
  if not vim.api.nvim_buf_is_loaded(buffer) then
    return
  end
  local params = {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    range = {
      start = { line = 0, character = 0 },
      ["end"] = { line = vim.api.nvim_buf_line_count(buffer), character = 0 },
    },
  }
  config.request(client, "textDocument/inlayHint", params, function(problem, hints)
    if not problem and type(hints) == "table" and vim.api.nvim_buf_is_loaded(buffer) then
      draw(buffer, hints)
    end
  end, buffer)
end

function M.attach(client, buffer)
  local asked = 0
  local function later()
    asked = asked + 1
    local mine = asked
    vim.defer_fn(function()
      if mine == asked then
        ask(client, buffer)
      end
    end, PAUSE)
  end
  vim.api.nvim_create_autocmd({ "TextChanged", "TextChangedI", "InsertLeave" }, {
    buffer = buffer,
    callback = later,
  })
  later()
end

return M
