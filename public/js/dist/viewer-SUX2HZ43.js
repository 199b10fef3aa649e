import{j as a,k as b}from"./chunk-3W3IHWHW.js";import"./chunk-F5QZNQGM.js";export{a as Under,b as createViewer};
