" `set`, not `setfiletype`: newer versions take *.dl for another language first.
autocmd BufRead,BufNewFile *.dl set filetype=dslc
