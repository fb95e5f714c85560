-- How the server is started, whatever the version of Neovim.
local M = {}

-- A virtual environment of the project counts more than the search path.
local function command(root)
  local bin = vim.fn.has("win32") == 1 and "Scripts/python.exe" or "bin/python"
  for _, venv in ipairs({ ".venv", "venv" }) do
    local python = (root or vim.fn.getcwd()) .. "/" .. venv .. "/" .. bin
    if vim.fn.executable(python) == 1 then
      return { python, "-m", "dslc", "lsp" }
    end
  end
  return { "dslc", "lsp" }
end

M.markers = { "dslc.toml", "pyproject.toml", ".git" }

function M.defaults(root)
  return {
    name = "dslc",
    cmd = command(root),
    filetypes = { "dslc" },
    root_markers = M.markers,
    init_options = { hints = { shapes = true, parameters = true } },
  }
end

-- The nearest folder above a file that holds one of the markers, else the folder of the file.
function M.root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  local here = folder
  while true do
    for _, marker in ipairs(M.markers) do
      if vim.fn.filereadable(here .. "/" .. marker) == 1 or vim.fn.isdirectory(here .. "/" .. marker) == 1 then
        return here
      end
    end
    local above = vim.fn.fnamemodify(here, ":h")
    if above == here then
      return folder
    end
    here = above
  end
end

-- Ask the server; methods of clients take themselves since 0.11.
function M.request(client, ...)
  if vim.fn.has("nvim-0.11") == 1 then
    return client:request(...)
  end
  return client.request(...)
end

return M
